#include "reference_trainer/model/coded_files.h"

#include <algorithm>
#include <cmath>

#include "reference_trainer/base/error.h"
#include "reference_trainer/io/json.h"
#include "reference_trainer/model/weight_names.h"

namespace trainer {
namespace {

constexpr const char* kCodes = ".weight_codes";
constexpr const char* kScale = ".weight_scale";
constexpr const char* kZero = ".weight_zero";
constexpr const char* kDamaged = "is the file damaged? `quantize` writes it anew";

template <class T>
std::vector<T> read_values(const WeightFiles& files, const std::string& tensor) {
  std::vector<T> values(static_cast<std::size_t>(files.info(tensor).elements()));
  files.read_bytes(tensor, std::as_writable_bytes(std::span(values)));
  return values;
}

struct Place {
  const WeightFiles& files;
  std::string tensor;
};

[[noreturn]] void reject(const Place& at, std::int64_t row, const std::string& got,
                         const std::string& expected) {
  throw_bad_input({"ST-26", at.files.directory().string() + ":" + pointer_step(at.tensor),
                   got + " in row " + std::to_string(row), expected, kDamaged});
}

void check_scales(const Place& at, const std::vector<float>& scales) {
  const auto bad =
      std::ranges::find_if(scales, [](float s) { return !(s > 0.0f) || !std::isfinite(s); });
  if (bad == scales.end()) return;
  reject(at, bad - scales.begin(), "scale " + std::to_string(*bad), "a finite number above 0");
}

// Zero points that the quantizer can give; a reader may rely on it.
void check_zeros(const Place& at, const roste::Grid& grid, const std::vector<std::int32_t>& zeros) {
  std::int32_t low = -(1 << 30), high = 1 << 30;
  if (grid.rule == roste::RangeRule::kSymmetric) low = high = 0;
  if (grid.rule == roste::RangeRule::kZeroIncluded) low = grid.codes.min, high = grid.codes.max;
  const auto bad = std::ranges::find_if(zeros, [=](std::int32_t z) { return z < low || z > high; });
  if (bad == zeros.end()) return;
  reject(at, bad - zeros.begin(), "zero point " + std::to_string(*bad),
         std::to_string(low) + " to " + std::to_string(high));
}

void check_pad_bits(const Place& at, const PackedWeight& packed) {
  const int used = static_cast<int>(packed.cols * packed.bits() % 8);
  for (std::int64_t r = 0; used != 0 && r < packed.rows; ++r) {
    if (packed.row(r).back() >> used != 0)
      reject(at, r, "bits behind the last code", "zeros there");
  }
}

std::string without_weight(const std::string& name) {
  return name.substr(0, name.size() - std::string(".weight").size());
}

}  // namespace

std::string linear_path(std::size_t layer, Linear l) {
  return "model.layers." + std::to_string(layer) + "." + linear_name(l);
}

void CodedTensors::append(const std::string& name, const PackedWeight& packed) {
  auto& scales = scales_.emplace_back();
  auto& zeros = zeros_.emplace_back();
  for (const roste::GroupParams& p : packed.params) {
    scales.push_back(p.scale);
    zeros.push_back(p.zero);
  }
  const auto row_bytes = static_cast<std::int64_t>(packed.row_bytes());
  views_.push_back({name + kCodes,
                    DType::kU8,
                    {packed.rows, row_bytes},
                    std::as_bytes(std::span(packed.codes))});
  views_.push_back({name + kScale, DType::kF32, {packed.rows}, std::as_bytes(std::span(scales))});
  views_.push_back({name + kZero, DType::kI32, {packed.rows}, std::as_bytes(std::span(zeros))});
}

std::vector<ExpectedTensor> expected_coded_tensors(const std::string& name,
                                                   const QuantizerSettings& settings,
                                                   const LinearShape& shape) {
  const auto row_bytes = static_cast<std::int64_t>(
      roste::packed_bytes(static_cast<std::size_t>(shape.in), settings.bits));
  return {{name + kCodes, {shape.out, row_bytes}, DType::kU8},
          {name + kScale, {shape.out}, DType::kF32},
          {name + kZero, {shape.out}, DType::kI32}};
}

PackedWeight read_coded_tensors(const WeightFiles& files, const std::string& name,
                                const QuantizerSettings& settings, const LinearShape& shape) {
  PackedWeight packed = make_packed_weight(settings, shape.out, shape.in);
  packed.codes = read_values<std::uint8_t>(files, name + kCodes);
  const auto scales = read_values<float>(files, name + kScale);
  const auto zeros = read_values<std::int32_t>(files, name + kZero);
  check_scales({files, name + kScale}, scales);
  check_zeros({files, name + kZero}, packed.scheme.grid, zeros);
  check_pad_bits({files, name + kCodes}, packed);
  for (std::size_t r = 0; r < scales.size(); ++r) packed.params[r] = {scales[r], zeros[r]};
  return packed;
}

std::vector<ExpectedTensor> expected_coded_model(const ForwardPlan& plan) {
  Parameters<NoMemory> layout = parameter_layout(plan.shape);
  std::vector<ExpectedTensor> expected;
  for (const auto& t : tensor_list(layout)) {
    if (t.kind != TensorKind::kLinearWeight) {
      expected.push_back({t.name, t.shape()});
      continue;
    }
    const LinearShape shape{t.tensor->rows(), t.tensor->cols(), false};
    std::ranges::move(expected_coded_tensors(without_weight(t.name), plan.quant.weight, shape),
                      std::back_inserter(expected));
  }
  return expected;
}

Engine choose_engine(Engine engine, const ForwardPlan& plan,
                     const std::filesystem::path& directory) {
  const bool codes = plan.weight_form == WeightForm::kCodes;
  const bool multiplies = codes && multiplies_codes(plan.quant.activation, plan.quant.weight);
  if (engine != Engine::kInt) {
    return engine == Engine::kAuto && multiplies ? Engine::kInt : Engine::kFloat;
  }
  if (multiplies) return Engine::kInt;
  throw_bad_input(
      {"QN-32", directory.string(),
       codes ? "codes that are not multiplied: activations of 16 bits, or a range without zero"
             : "a model without codes",
       "a model that --engine int can multiply",
       codes ? "--engine float uses their values"
             : "write one by quantize --weights_format codes"});
}

}  // namespace trainer
