// The rows of a tensor in tiles whose borders depend on its shape alone, and with them every sum.
// Private to the *_cpu.cpp files.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>

#include "reference_trainer/backend/backend.h"
#include "roste/core/non_finite.h"
#include "roste/cpu/matrix_view.h"

namespace trainer {

struct RowTiles {
  using View = roste::cpu::MatrixView<float>;
  using ConstView = roste::cpu::MatrixView<const float>;

  // A tile has about this many values: 64 KiB of float, well inside an L2 cache.
  static constexpr std::int64_t kValues = 16384;

  RowTiles(std::int64_t rows, std::int64_t cols)
      : height(std::max<std::int64_t>(1, kValues / std::max<std::int64_t>(1, cols))),
        count((rows + height - 1) / height) {}
  explicit RowTiles(const Tensor<Cpu>& x) : RowTiles(x.rows(), x.cols()) {}

  std::int64_t first_row(std::int64_t tile) const { return tile * height; }

  // The tile's rows of a matrix that has as many rows as the tensor.
  template <class T>
  roste::cpu::MatrixView<T> of(roste::cpu::MatrixView<T> x, std::int64_t tile) const {
    const std::int64_t first = first_row(tile);
    return {x.row(first), std::min(height, x.rows - first), x.cols, x.stride};
  }
  ConstView of(const Tensor<Cpu>& x, std::int64_t tile) const {
    return of(ConstView(x.data(), x.rows(), x.cols()), tile);
  }
  View of(Tensor<Cpu>& x, std::int64_t tile) const {
    return of(View(x.data(), x.rows(), x.cols()), tile);
  }

  std::int64_t height;  // rows of a tile; the last one may have fewer
  std::int64_t count;
};

// Runs task(tile) on the pool; an error names the row of the whole tensor, not of the tile.
inline void for_each_tile(Cpu& cpu, const RowTiles& tiles,
                          const std::function<void(std::int64_t)>& task) {
  cpu.pool().parallel_for(tiles.count, [&](std::int64_t tile) {
    try {
      task(tile);
    } catch (const roste::NonFiniteError& error) {
      throw error.below(tiles.first_row(tile));
    }
  });
}

}  // namespace trainer
