#include "reference_trainer/baselines/lora.h"

#include <algorithm>
#include <cmath>

#include "reference_trainer/base/error.h"
#include "reference_trainer/base/random.h"

namespace trainer {
namespace {

// Keeps these draws apart from what else is drawn from the same seed.
constexpr std::uint64_t kAdapterStream = 0x61646170746572;  // "adapter"

roste::cpu::MatrixView<double> view(WideMatrix& m) {
  return {m.values.data(), m.rows, m.cols, m.cols};
}

}  // namespace

void require_targets(const LoraSettings& settings, const ModelShape& shape) {
  const auto known = linears_of(shape);
  if (std::ranges::any_of(settings.targets, [&](Linear l) { return std::ranges::count(known, l); }))
    return;
  std::string names, layers;
  for (const Linear l : settings.targets)
    names.append(names.empty() ? "" : ", ").append(linear_name(l));
  for (const Linear l : known) layers.append(layers.empty() ? "" : ", ").append(linear_name(l));
  throw_bad_input({"AD-05", "targets of adapters", names.empty() ? "nothing" : names,
                   "at least one of " + layers, "the model has no other linear layers"});
}

std::vector<float> initial_adapter(const LoraSettings& settings, std::size_t layer, Linear l,
                                   std::int64_t in) {
  const std::uint64_t key =
      roste::random_bits(mixed_bits(settings.seed ^ kAdapterStream),
                         layer * kLinears.size() + static_cast<std::size_t>(l));
  const double bound = 1 / std::sqrt(static_cast<double>(in));
  std::vector<float> a(static_cast<std::size_t>(settings.rank * in));
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double share = static_cast<double>(roste::random_bits(key, i) >> 11) * 0x1p-53;
    a[i] = static_cast<float>(bound * (2 * share - 1));
  }
  return a;
}

WideMatrix adapter_product(double scale, std::span<const float> b, std::span<const float> a,
                           std::int64_t rank) {
  const auto r = static_cast<std::size_t>(rank);
  const std::size_t rows = b.size() / r, cols = a.size() / r;
  WideMatrix product{static_cast<std::int64_t>(rows), static_cast<std::int64_t>(cols),
                     std::vector<double>(rows * cols)};
  for (std::size_t o = 0; o < rows; ++o) {
    double* row = product.values.data() + o * cols;
    for (std::size_t k = 0; k < r; ++k) {
      const double factor = scale * static_cast<double>(b[o * r + k]);
      for (std::size_t i = 0; i < cols; ++i)
        row[i] += factor * static_cast<double>(a[k * cols + i]);
    }
  }
  return product;
}

void unrotate(const LayerRotations& rotations, Linear l, WideMatrix& delta) {
  if (l == Linear::kV && rotations.r2)
    roste::cpu::rotate_columns_transposed(*rotations.r2, view(delta));
  if (l == Linear::kO && rotations.r2)
    roste::cpu::rotate_rows_transposed(*rotations.r2, view(delta));
  if (l == Linear::kDown && rotations.r4)
    roste::cpu::rotate_rows_transposed(*rotations.r4, view(delta));
}

}  // namespace trainer
