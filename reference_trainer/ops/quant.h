// The bridge from tensors to the roste library: fake quantization and rotations. With the identity
// straight-through estimator (eq. 6) the backward of a fake quantizer is the identity and needs no
// op.
#pragma once

#include <cstdint>

#include "reference_trainer/backend/backend.h"
#include "roste/core/rotation.h"

namespace trainer {

enum class Symmetry { kAsymmetric, kSymmetric };

// How the range of a group is chosen; see roste/core/spec.h.
enum class Range { kZeroIncluded, kTight, kPaperEq4 };

// One quantizer of eqs. (1)-(4). bits 2 ... 8; 16 (or more) means "not quantized".
struct QuantizerSettings {
  int bits = 16;
  Symmetry symmetry = Symmetry::kAsymmetric;
  Range range = Range::kZeroIncluded;
  float clip = 1.0f;  // c in (0, 1]
  bool enabled() const { return bits < 16; }
};

// x := Q(x) in place; a group is `group_size` consecutive values of a row and divides cols.
// Throws std::domain_error naming row and column of a non-finite value.
void fake_quantize(Cpu& cpu, const QuantizerSettings& settings, std::int64_t group_size,
                   Tensor<Cpu>& x);

// Sum of ||Q(g) - g||^2 over the groups of x, and of ||g||^2: a term of eq. (12).
struct QuantizationError {
  double squared_error = 0;
  double squared_norm = 0;
  double values = 0;  // how many were quantized
};
QuantizationError quantization_error(Cpu& cpu, const QuantizerSettings& settings,
                                     std::int64_t group_size, const Tensor<Cpu>& x);

// x := x R for every run of rotation.size() values of each row (eq. 19: signs first, then
// Hadamard).
void rotate(Cpu& cpu, const roste::Rotation& rotation, Tensor<Cpu>& x);

// x := x R^T, the inverse of rotate and its gradient.
void rotate_transposed(Cpu& cpu, const roste::Rotation& rotation, Tensor<Cpu>& x);

// The same along the other axis: w := blockdiag(R)^T w and blockdiag(R) w for w [out, in], the
// output side of a linear layer.
void rotate_outputs(Cpu& cpu, const roste::Rotation& rotation, Tensor<Cpu>& w);
void rotate_outputs_transposed(Cpu& cpu, const roste::Rotation& rotation, Tensor<Cpu>& w);

}  // namespace trainer
