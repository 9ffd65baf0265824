#include <algorithm>
#include <array>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "reference_trainer/ops/quant.h"
#include "roste/roste.h"

namespace trainer {
namespace {

// Work is cut into tiles of about this many values: 64 KiB of float, well inside an L2 cache. The
// borders depend on the shape alone, and with them every sum.
constexpr std::int64_t kTileValues = 16384;
constexpr std::int64_t kTileColumns = 64;

using View = roste::cpu::MatrixView<float>;
using ConstView = roste::cpu::MatrixView<const float>;

struct RowTiles {
  explicit RowTiles(const Tensor<Cpu>& x)
      : height(std::max<std::int64_t>(1, kTileValues / std::max<std::int64_t>(1, x.cols()))),
        count((x.rows() + height - 1) / height) {}

  std::int64_t first_row(std::int64_t tile) const { return tile * height; }

  ConstView of(const Tensor<Cpu>& x, std::int64_t tile) const {
    const std::int64_t first = first_row(tile);
    return {x.data() + first * x.cols(), std::min(height, x.rows() - first), x.cols()};
  }
  View of(Tensor<Cpu>& x, std::int64_t tile) const {
    const std::int64_t first = first_row(tile);
    return {x.data() + first * x.cols(), std::min(height, x.rows() - first), x.cols()};
  }

  std::int64_t height;  // rows of a tile; the last one may have fewer
  std::int64_t count;
};

// The table in which settings of a recipe become a QuantSpec.
template <int Bits>
roste::Scheme scheme_of_bits(const QuantizerSettings& s, std::int64_t group_size) {
  using Groups = roste::PerGroup<roste::kDynamic>;
  if (s.symmetry == Symmetry::kSymmetric) {
    return roste::Quantizer<roste::QuantSpec<Bits, roste::Symmetric, Groups>>(group_size, s.clip);
  }
  if (s.range == Range::kTight) {
    using Spec = roste::QuantSpec<Bits, roste::Asymmetric, Groups, roste::TightRange>;
    return roste::Quantizer<Spec>(group_size, s.clip);
  }
  if (s.range == Range::kPaperEq4) {
    using Spec = roste::QuantSpec<Bits, roste::Asymmetric, Groups, roste::PaperEq4>;
    return roste::Quantizer<Spec>(group_size, s.clip);
  }
  return roste::Quantizer<roste::QuantSpec<Bits, roste::Asymmetric, Groups>>(group_size, s.clip);
}

roste::Scheme scheme_of(const QuantizerSettings& settings, std::int64_t group_size) {
  using Maker = roste::Scheme (*)(const QuantizerSettings&, std::int64_t);
  static constexpr std::array<Maker, 7> kMakers = {
      scheme_of_bits<2>, scheme_of_bits<3>, scheme_of_bits<4>, scheme_of_bits<5>,
      scheme_of_bits<6>, scheme_of_bits<7>, scheme_of_bits<8>};
  if (settings.bits < 2 || settings.bits > 8) {
    throw std::invalid_argument("a quantizer of " + std::to_string(settings.bits) +
                                " bits; expected 2 to 8, or 16 for none");
  }
  return kMakers[static_cast<std::size_t>(settings.bits - 2)](settings, group_size);
}

// Runs task(tile) on the pool; an error names the row of the whole tensor, not of the tile.
void for_each_tile(Cpu& cpu, const RowTiles& tiles, const std::function<void(std::int64_t)>& task) {
  cpu.pool().parallel_for(tiles.count, [&](std::int64_t tile) {
    try {
      task(tile);
    } catch (const roste::NonFiniteError& error) {
      throw error.below(tiles.first_row(tile));
    }
  });
}

// What is not quantized has no error, but counts in the norm.
roste::ErrorSums lossless(ConstView x) {
  roste::ErrorSums sums;
  for (std::int64_t r = 0; r < x.rows; ++r) {
    for (std::int64_t c = 0; c < x.cols; ++c) sums.add(x.row(r)[c], x.row(r)[c]);
  }
  return sums;
}

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
  return {total.squared_error, total.squared_norm};
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
