#include "reference_trainer/roste/dense_rotation_file.h"

#include <string>

#include "reference_trainer/base/error.h"
#include "reference_trainer/io/safetensors.h"

namespace trainer {
namespace {

constexpr std::int64_t kParts = 3;       // 3 x 24 bits hold the 53 of a double
constexpr double kLargestDefect = 1e-5;  // a rotation that went through float32 has about 1e-7

std::string r2_name(std::size_t layer) { return "layers." + std::to_string(layer) + ".r2"; }

std::vector<float> parts_of(std::span<const double> values) {
  std::vector<float> parts;
  std::vector<double> rest(values.begin(), values.end());
  for (std::int64_t k = 0; k < kParts; ++k) {
    for (double& v : rest) {
      parts.push_back(static_cast<float>(v));
      v -= static_cast<double>(parts.back());  // exact: part and value agree in their leading bits
    }
  }
  return parts;
}

std::vector<double> sum_of_parts(std::span<const float> parts) {
  const std::size_t count = parts.size() / kParts;
  std::vector<double> values(count);
  for (std::size_t i = 0; i < count; ++i) {
    // From the smallest: the last two parts sum exactly, and then the whole.
    values[i] = static_cast<double>(parts[i]) +
                (static_cast<double>(parts[count + i]) + static_cast<double>(parts[2 * count + i]));
  }
  return values;
}

[[noreturn]] void refuse(const SafetensorsFile& file, const std::string& name,
                         const std::string& got, const std::string& expected) {
  throw_bad_input({"RO-12", file.path().string() + (name.empty() ? "" : ":" + name), got, expected,
                   "give the rotations that were learned for this model"});
}

DenseRotation read_rotation(const SafetensorsFile& file, const std::string& name,
                            std::int64_t size) {
  const std::vector<std::int64_t> shape{kParts, size, size};
  const auto found = file.tensors().find(name);
  if (found == file.tensors().end()) refuse(file, name, "no tensor", "shape " + shape_text(shape));
  if (found->second.shape != shape)
    refuse(file, name, "shape " + shape_text(found->second.shape), shape_text(shape));
  std::vector<float> parts(static_cast<std::size_t>(kParts * size * size));
  file.read_floats(name, parts);
  DenseRotation rotation(size, sum_of_parts(parts));
  const double defect = orthogonality_defect(rotation);
  if (!(defect <= kLargestDefect)) {
    refuse(file, name, "a matrix with max|R^T R - I| = " + std::to_string(defect),
           "an orthogonal one, at most 1e-5");
  }
  return rotation;
}

}  // namespace

void write_dense_rotations(const std::filesystem::path& path, const DenseRotations& rotations) {
  std::vector<std::vector<float>> parts{parts_of(rotations.r1.values())};
  for (const DenseRotation& r2 : rotations.r2) parts.push_back(parts_of(r2.values()));
  const std::int64_t d = rotations.r1.size();
  std::vector<FloatTensorView> views{{"r1", {kParts, d, d}, parts[0]}};
  for (std::size_t i = 0; i < rotations.r2.size(); ++i) {
    const std::int64_t size = rotations.r2[i].size();
    views.push_back({r2_name(i), {kParts, size, size}, parts[i + 1]});
  }
  write_safetensors(path, views, {{"format", "roste dense rotations 1"}});
}

DenseRotations read_dense_rotations(const std::filesystem::path& path, const ModelShape& shape) {
  const SafetensorsFile file = SafetensorsFile::open(path);
  DenseRotations rotations{read_rotation(file, "r1", shape.hidden_size), {}};
  const std::size_t tensors = file.tensors().size();
  if (tensors == 1) return rotations;  // R1 alone
  for (std::size_t i = 0; i < static_cast<std::size_t>(shape.layers); ++i)
    rotations.r2.push_back(read_rotation(file, r2_name(i), shape.head_dim));
  if (tensors != 1 + rotations.r2.size()) {
    refuse(file, "", std::to_string(tensors) + " tensors",
           std::to_string(1 + rotations.r2.size()) + ": R1, and R2 of every layer");
  }
  return rotations;
}

}  // namespace trainer
