#include "reference_trainer/roste/dense_rotation.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <string>

#include "reference_trainer/base/random.h"
#include "reference_trainer/model/rotations.h"
#include "reference_trainer/roste/dense_matrix.h"
#include "roste/cpu/rotate.h"

namespace trainer {
namespace {

// Rows or columns that are multiplied at a time: few enough to stay in the level-2 cache.
constexpr std::int64_t kStrip = 256;

DenseMatrix positive_q(const DenseMatrix& m) {
  const Eigen::HouseholderQR<DenseMatrix> qr(m);
  DenseMatrix q = qr.householderQ();
  for (Eigen::Index c = 0; c < q.cols(); ++c) {
    if (qr.matrixQR()(c, c) < 0) q.col(c) = -q.col(c);
  }
  return q;
}

void require_multiple(const char* what, std::int64_t length, const DenseRotation& rotation) {
  if (length % rotation.size() == 0) return;
  throw std::invalid_argument("rotation of dimension " + std::to_string(rotation.size()) +
                              " of a matrix with " + std::to_string(length) + " " + what +
                              "; expected a multiple");
}

std::int64_t rows_of(std::int64_t cols, std::span<const double> w) {
  return cols == 0 ? 0 : static_cast<std::int64_t>(w.size()) / cols;
}

}  // namespace

DenseRotation::DenseRotation(std::int64_t size, std::vector<double> values)
    : size_(size), values_(std::move(values)) {
  if (size < 1 || static_cast<std::int64_t>(values_.size()) != size * size) {
    throw std::invalid_argument("a dense rotation of dimension " + std::to_string(size) + " from " +
                                std::to_string(values_.size()) + " values");
  }
}

DenseRotation DenseRotation::hadamard(const roste::Rotation& rotation) {
  const std::int64_t d = rotation.size();
  DenseMatrix m = DenseMatrix::Identity(d, d);
  roste::cpu::rotate_rows(rotation, roste::cpu::MatrixView<double>{m.data(), d, d, d});
  return rotation_of(m);
}

DenseRotation DenseRotation::random(std::int64_t size, std::uint64_t seed) {
  DenseMatrix gaussian(size, size);
  RandomStream draws(seed);
  for (Eigen::Index i = 0; i < gaussian.size(); ++i) gaussian.data()[i] = draws.normal();
  return rotation_of(positive_q(gaussian));
}

double orthogonality_defect(const DenseRotation& rotation) {
  const DenseMatrix r = matrix_of(rotation);
  const DenseMatrix gram = r.transpose() * r - DenseMatrix::Identity(r.rows(), r.cols());
  double defect = 0;
  for (Eigen::Index i = 0; i < gram.size(); ++i) {
    const double v = std::abs(gram.data()[i]);
    if (std::isnan(v)) return std::numeric_limits<double>::infinity();
    defect = std::max(defect, v);
  }
  return defect;
}

DenseRotation orthogonalized(const DenseRotation& drifted) {
  return rotation_of(positive_q(matrix_of(drifted)));
}

void rotate_rows(const DenseRotation& rotation, std::int64_t cols, std::span<double> w) {
  require_multiple("columns", cols, rotation);
  const DenseMatrix r = matrix_of(rotation);
  const std::int64_t d = rotation.size(), runs = rows_of(cols, w) * (cols / d);
  DenseMatrix strip, rotated;
  for (std::int64_t first = 0; first < runs; first += kStrip) {
    Eigen::Map<DenseMatrix> part(w.data() + first * d, std::min(kStrip, runs - first), d);
    strip = part;
    rotated.noalias() = strip * r;
    part = rotated;
  }
}

void rotate_columns(const DenseRotation& rotation, std::int64_t cols, std::span<double> w) {
  const std::int64_t d = rotation.size(), rows = rows_of(cols, w);
  require_multiple("rows", rows, rotation);
  const DenseMatrix transposed = matrix_of(rotation).transpose();
  DenseMatrix strip, rotated;
  for (std::int64_t block = 0; block < rows; block += d) {
    Eigen::Map<DenseMatrix> all(w.data() + block * cols, d, cols);
    for (std::int64_t first = 0; first < cols; first += kStrip) {
      auto part = all.middleCols(first, std::min(kStrip, cols - first));
      strip = part;
      rotated.noalias() = transposed * strip;
      part = rotated;
    }
  }
}

DenseRotations hadamard_rotations(const ModelShape& shape, std::uint64_t seed) {
  const RotationMatrices h = make_rotation_matrices(shape, seed);
  DenseRotations rotations{DenseRotation::hadamard(h.r1), {}};
  for (const auto& layer : h.layers) rotations.r2.push_back(DenseRotation::hadamard(layer.r2));
  return rotations;
}

DenseRotations random_rotations(const ModelShape& shape, std::uint64_t seed) {
  const auto stream = [&](std::int64_t i) {
    return roste::random_bits(seed, static_cast<std::uint64_t>(i));
  };
  DenseRotations rotations{DenseRotation::random(shape.hidden_size, stream(0)), {}};
  for (std::int64_t i = 0; i < shape.layers; ++i)
    rotations.r2.push_back(DenseRotation::random(shape.head_dim, stream(1 + i)));
  return rotations;
}

}  // namespace trainer
