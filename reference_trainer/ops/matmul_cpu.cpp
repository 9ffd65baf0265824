#include "reference_trainer/ops/matmul.h"

#include "reference_trainer/ops/cpu_chunks.h"
#include "reference_trainer/ops/cpu_maps.h"

namespace trainer {
namespace {

enum class Write { kReplace, kAdd };

// The output is cut into tiles, each one Eigen product over the whole inner dimension. A tile packs
// its operands again, so tiles are large; a small output is cut into at least kWantedTiles, so that
// every product of a layer still splits between cores.
constexpr std::int64_t kLargestTileSide = 512;
constexpr std::int64_t kSmallestTileSide = 128;
constexpr std::int64_t kWantedTiles = 4;

// Up to this many rows (generation) matrix times vector, row by row, beats packing the weights; a
// tile of columns stays in the level-2 cache while the rows take their turn. From 5 rows on the two
// are equal or worse (41 us each for 5 x 1024 x 256 on a Zen 5 core).
constexpr std::int64_t kFewRows = 4;
constexpr std::int64_t kFewRowsTileCols = 128;

// One tile of c from the matching rows of a and columns of b.
template <Write write, class Lhs, class Rhs, class Out>
void multiply_tile(const Lhs& a, const Rhs& b, Out&& c) {
  if constexpr (write == Write::kAdd) {
    c.noalias() += a * b;
  } else {
    c.noalias() = a * b;
  }
}

std::int64_t pieces(std::int64_t length, std::int64_t piece) {
  return (length + piece - 1) / piece;
}

struct TileShape {
  std::int64_t rows, cols;
};

TileShape tile_shape(std::int64_t rows, std::int64_t cols) {
  TileShape tile{std::min(rows, kLargestTileSide), std::min(cols, kLargestTileSide)};
  while (pieces(rows, tile.rows) * pieces(cols, tile.cols) < kWantedTiles) {
    std::int64_t& side = tile.rows >= tile.cols ? tile.rows : tile.cols;
    if (side < 2 * kSmallestTileSide) break;
    side = pieces(side, 2);
  }
  return tile;
}

template <Write write, class Lhs, class Rhs>
void multiply_tiles(Cpu& cpu, const Lhs& a, const Rhs& b, MatrixView c) {
  if (c.size() == 0) return;
  const TileShape shape = tile_shape(c.rows(), c.cols());
  const std::int64_t tiles_across = pieces(c.cols(), shape.cols);
  const std::int64_t tiles_down = pieces(c.rows(), shape.rows);
  for_chunks(cpu, tiles_down * tiles_across, 1, [&](std::int64_t tile, std::int64_t) {
    const std::int64_t row = tile / tiles_across * shape.rows;
    const std::int64_t col = tile % tiles_across * shape.cols;
    const std::int64_t rows = std::min(shape.rows, c.rows() - row);
    const std::int64_t cols = std::min(shape.cols, c.cols() - col);
    multiply_tile<write>(a.middleRows(row, rows), b.middleCols(col, cols),
                         c.block(row, col, rows, cols));
  });
}

// The same for few rows: matrix times vector, row by row.
template <Write write, class Lhs, class Rhs>
void multiply_few_rows(Cpu& cpu, const Lhs& a, const Rhs& b, MatrixView c) {
  for_chunks(cpu, c.cols(), kFewRowsTileCols, [&](std::int64_t begin, std::int64_t end) {
    const auto tile = b.middleCols(begin, end - begin);
    for (std::int64_t r = 0; r < c.rows(); ++r) {
      multiply_tile<write>(a.row(r), tile, c.row(r).segment(begin, end - begin));
    }
  });
}

template <Write write, class Lhs, class Rhs>
void multiply(Cpu& cpu, const Lhs& a, const Rhs& b, MatrixView c) {
  if (c.rows() <= kFewRows) {
    multiply_few_rows<write>(cpu, a, b, c);
  } else {
    multiply_tiles<write>(cpu, a, b, c);
  }
}

void require_output(const char* what, const Tensor<Cpu>& c, std::int64_t rows, std::int64_t cols) {
  require_equal(what, c.rows(), rows);
  require_equal(what, c.cols(), cols);
}

}  // namespace

void matmul_nt(Cpu& cpu, const Tensor<Cpu>& a, const Tensor<Cpu>& b, Tensor<Cpu>& c) {
  require_equal("matmul_nt: columns of b against columns of a", b.cols(), a.cols());
  c.reshape(cpu, a.rows(), b.rows());
  multiply<Write::kReplace>(cpu, view(a), transposed(b), view(c));
}

void matmul_nt_add(Cpu& cpu, const Tensor<Cpu>& a, const Tensor<Cpu>& b, Tensor<Cpu>& c) {
  require_equal("matmul_nt_add: columns of b against columns of a", b.cols(), a.cols());
  require_output("matmul_nt_add: shape of c", c, a.rows(), b.rows());
  multiply<Write::kAdd>(cpu, view(a), transposed(b), view(c));
}

void matmul_nn(Cpu& cpu, const Tensor<Cpu>& a, const Tensor<Cpu>& b, Tensor<Cpu>& c) {
  require_equal("matmul_nn: rows of b against columns of a", b.rows(), a.cols());
  c.reshape(cpu, a.rows(), b.cols());
  multiply<Write::kReplace>(cpu, view(a), view(b), view(c));
}

void matmul_nn_add(Cpu& cpu, const Tensor<Cpu>& a, const Tensor<Cpu>& b, Tensor<Cpu>& c) {
  require_equal("matmul_nn_add: rows of b against columns of a", b.rows(), a.cols());
  require_output("matmul_nn_add: shape of c", c, a.rows(), b.cols());
  multiply<Write::kAdd>(cpu, view(a), view(b), view(c));
}

void matmul_tn_add(Cpu& cpu, const Tensor<Cpu>& a, const Tensor<Cpu>& b, Tensor<Cpu>& c) {
  require_equal("matmul_tn_add: rows of b against rows of a", b.rows(), a.rows());
  require_output("matmul_tn_add: shape of c", c, a.cols(), b.cols());
  multiply_tiles<Write::kAdd>(cpu, transposed(a), view(b), view(c));
}

}  // namespace trainer
