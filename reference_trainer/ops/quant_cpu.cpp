#include <algorithm>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "reference_trainer/ops/quant_scheme.h"
#include "reference_trainer/ops/row_tiles.h"
#include "roste/roste.h"

namespace trainer {
namespace {

// Columns that a task rotates together.
constexpr std::int64_t kTileColumns = 64;

// What is not quantized has no error, but counts in the norm.
roste::ErrorSums lossless(RowTiles::ConstView x) {
  roste::ErrorSums sums;
  for (std::int64_t r = 0; r < x.rows; ++r) {
    for (std::int64_t c = 0; c < x.cols; ++c) sums.add(x.row(r)[c], x.row(r)[c]);
  }
  return sums;
}

using View = roste::cpu::MatrixView<float>;
using Verb = void (*)(const roste::Rotation&, View);

void rotate_row_tiles(Cpu& cpu, const roste::Rotation& rotation, Verb verb, Tensor<Cpu>& x) {
  roste::cpu::check_rotated_length("columns", x.cols(), rotation);
  const RowTiles tiles(x);
  cpu.pool().parallel_for(tiles.count,
                          [&](std::int64_t tile) { verb(rotation, tiles.of(x, tile)); });
}

// One task is one run of rotation.size() rows of 64 columns.
void rotate_column_tiles(Cpu& cpu, const roste::Rotation& rotation, Verb verb, Tensor<Cpu>& w) {
  roste::cpu::check_rotated_length("rows", w.rows(), rotation);
  const std::int64_t across = (w.cols() + kTileColumns - 1) / kTileColumns;
  cpu.pool().parallel_for(w.rows() / rotation.size() * across, [&](std::int64_t tile) {
    const std::int64_t row = tile / across * rotation.size();
    const std::int64_t col = tile % across * kTileColumns;
    const std::int64_t width = std::min(kTileColumns, w.cols() - col);
    verb(rotation, View(w.data() + row * w.cols() + col, rotation.size(), width, w.cols()));
  });
}

}  // namespace

void fake_quantize(Cpu& cpu, const QuantizerSettings& settings, std::int64_t group_size,
                   Tensor<Cpu>& x) {
  if (!settings.enabled()) return;
  const roste::Scheme scheme = scheme_of(settings, group_size);
  const RowTiles tiles(x);
  for_each_tile(cpu, tiles,
                [&](std::int64_t tile) { roste::cpu::fake_quantize(scheme, tiles.of(x, tile)); });
}

QuantizationError quantization_error(Cpu& cpu, const QuantizerSettings& settings,
                                     std::int64_t group_size, const Tensor<Cpu>& x) {
  const RowTiles tiles(x);
  std::vector<roste::ErrorSums> sums(static_cast<std::size_t>(tiles.count));
  std::optional<roste::Scheme> scheme;
  if (settings.enabled()) scheme = scheme_of(settings, group_size);
  for_each_tile(cpu, tiles, [&](std::int64_t tile) {
    sums[static_cast<std::size_t>(tile)] =
        scheme ? roste::cpu::measure(*scheme, tiles.of(x, tile)) : lossless(tiles.of(x, tile));
  });
  roste::ErrorSums total;
  for (const roste::ErrorSums& part : sums) total.merge(part);
  return {total.squared_error, total.squared_norm, static_cast<double>(x.size())};
}

void rotate(Cpu& cpu, const roste::Rotation& rotation, Tensor<Cpu>& x) {
  rotate_row_tiles(cpu, rotation, roste::cpu::rotate_rows<float>, x);
}

void rotate_transposed(Cpu& cpu, const roste::Rotation& rotation, Tensor<Cpu>& x) {
  rotate_row_tiles(cpu, rotation, roste::cpu::rotate_rows_transposed<float>, x);
}

void rotate_outputs(Cpu& cpu, const roste::Rotation& rotation, Tensor<Cpu>& w) {
  rotate_column_tiles(cpu, rotation, roste::cpu::rotate_columns<float>, w);
}

void rotate_outputs_transposed(Cpu& cpu, const roste::Rotation& rotation, Tensor<Cpu>& w) {
  rotate_column_tiles(cpu, rotation, roste::cpu::rotate_columns_transposed<float>, w);
}

}  // namespace trainer
