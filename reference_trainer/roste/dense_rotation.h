// Rotations without structure: any orthogonal matrix in double precision on the host, as learned
// rotations and random orthogonal ones are. Like a roste::Rotation it acts on rows, x R.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "reference_trainer/io/model_shape.h"
#include "roste/core/rotation.h"

namespace trainer {

class DenseRotation {
 public:
  // `values` [size, size], row-major. Throws std::invalid_argument unless size >= 1 and there are
  // size * size of them; whether they are orthogonal is orthogonality_defect's to say.
  DenseRotation(std::int64_t size, std::vector<double> values);

  // The matrix of a Hadamard rotation: x R is what rotating x gives.
  static DenseRotation hadamard(const roste::Rotation& rotation);
  // Uniform over all orthogonal matrices (Haar): Q of the QR decomposition of a Gaussian matrix,
  // with the signs that make R's diagonal positive (Mezzadri, "How to generate random matrices from
  // the classical compact groups", 2007). A function of (size, seed) alone.
  static DenseRotation random(std::int64_t size, std::uint64_t seed);

  std::int64_t size() const { return size_; }                 // d
  std::span<const double> values() const { return values_; }  // [d, d], row-major

  bool operator==(const DenseRotation&) const = default;

 private:
  std::int64_t size_;
  std::vector<double> values_;
};

// max |R^T R - I|, in [0, inf]; smaller is better, NaN counts as infinite.
double orthogonality_defect(const DenseRotation& rotation);

// Q of the QR decomposition with positive diagonal of R: an orthogonal matrix beside one that has
// drifted, and the matrix itself where it is orthogonal.
DenseRotation orthogonalized(const DenseRotation& drifted);

// w := w R for every run of d values of each row. w is [rows, cols], row-major; cols must be a
// multiple of d (std::invalid_argument).
void rotate_rows(const DenseRotation& rotation, std::int64_t cols, std::span<double> w);

// w := blockdiag(R)^T w, the output side of a linear layer; rows must be a multiple of d.
void rotate_columns(const DenseRotation& rotation, std::int64_t cols, std::span<double> w);

// The rotations of a model that are merged into its weights.
struct DenseRotations {
  DenseRotation r1;               // [d, d] on the residual stream
  std::vector<DenseRotation> r2;  // [layers] of [head_dim, head_dim], all heads alike; empty: none
};

// R1 and R2 of make_rotation_matrices(shape, seed).
DenseRotations hadamard_rotations(const ModelShape& shape, std::uint64_t seed);
// Random orthogonal ones, each from a stream of its own.
DenseRotations random_rotations(const ModelShape& shape, std::uint64_t seed);

}  // namespace trainer
