#include "reference_trainer/stream/linear_form.h"

#include <algorithm>

#include "reference_trainer/model/coded_files.h"

namespace trainer {
namespace {

using roste::cpu::MatrixView;

constexpr std::int64_t kTaskValues = 1 << 16;

std::vector<PlannedTensor> one_tensor(const std::string& name, const LinearShape& shape,
                                      DType dtype) {
  return {{name, dtype, {shape.out, shape.in}}};
}

// stored := Q(stored), rows of a task at a time.
void round_rows(ThreadPool& pool, const QuantizerSettings& settings,
                std::span<const roste::GroupParams> params, MatrixView<float> stored) {
  const std::int64_t height = std::max<std::int64_t>(1, kTaskValues / stored.cols);
  pool.parallel_for((stored.rows + height - 1) / height, [&](std::int64_t task) {
    const std::int64_t first = task * height, count = std::min(height, stored.rows - first);
    const MatrixView<float> rows(stored.row(first), count, stored.cols);
    round_weight(settings,
                 params.subspan(static_cast<std::size_t>(first), static_cast<std::size_t>(count)),
                 rows, rows);
  });
}

// "a.b.weight" to "a.b".
std::string without_weight(const std::string& name) {
  return name.substr(0, name.size() - std::string(".weight").size());
}

void write_codes(const StreamedWeight& weight, const PackedWeight& packed, RoundingWriter& writer) {
  CodedTensors tensors;
  tensors.append(without_weight(weight.name), packed);
  for (const TensorView& view : tensors.views()) writer.write_bytes(view.name, view.bytes);
}

}  // namespace

LinearForm plain_form() {
  return {one_tensor,
          [](const StreamedWeight& weight, RoundingWriter& writer, std::span<float> stored) {
            writer.begin(weight.name, TensorKind::kLinearWeight);
            writer.append(weight.values, stored);
          }};
}

LinearForm rounded_form(ThreadPool& pool, const QuantizerSettings& settings, WeightClip clip) {
  return {one_tensor, [&pool, settings, clip](const StreamedWeight& weight, RoundingWriter& writer,
                                              std::span<float> stored) {
            // The grid is fitted to float32, as in every forward pass of a master weight.
            std::copy(weight.values.begin(), weight.values.end(), stored.begin());
            const MatrixView<float> view(stored.data(), weight.out, weight.in);
            round_rows(pool, settings, fit_weight(pool, settings, clip, view), view);
            std::copy(stored.begin(), stored.end(), weight.values.begin());
            writer.begin(weight.name, TensorKind::kLinearWeight);
            writer.append(weight.values, stored);
          }};
}

LinearForm coded_form(ThreadPool& pool, const QuantizerSettings& settings, WeightClip clip) {
  const auto tensors = [settings](const std::string& name, const LinearShape& shape, DType) {
    std::vector<PlannedTensor> planned;
    for (const ExpectedTensor& e : expected_coded_tensors(without_weight(name), settings, shape))
      planned.push_back({e.name, e.dtype.value(), e.shape});
    return planned;
  };
  return {tensors, [&pool, settings, clip](const StreamedWeight& weight, RoundingWriter& writer,
                                           std::span<float> stored) {
            std::copy(weight.values.begin(), weight.values.end(), stored.begin());
            const MatrixView<float> view(stored.data(), weight.out, weight.in);
            const auto params = fit_weight(pool, settings, clip, view);
            const PackedWeight packed = pack_weight(settings, params, view);
            unpack_values(packed, view);
            write_codes(weight, packed, writer);
          }};
}

}  // namespace trainer
