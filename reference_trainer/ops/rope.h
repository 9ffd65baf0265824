// Rotary position embedding, the half-split layout of Llama checkpoints: channel i of a head is
// paired with channel i + rotary_dim / 2 and turned by the angle position * theta^(-2 i /
// rotary_dim).
#pragma once

#include <optional>
#include <vector>

#include "reference_trainer/backend/backend.h"
#include "reference_trainer/base/rope_scaling.h"

namespace trainer {

struct RopeShape {
  std::int64_t head_dim;    // e.g. 64
  std::int64_t rotary_dim;  // even, <= head_dim; channels beyond it pass through
  float theta;              // e.g. 10000
  std::optional<Llama3RopeScaling> scaling = {};
};

// [rotary_dim / 2] frequencies, radians per token: theta^(-2 i / rotary_dim), rounded as Hugging
// Face does, a float32 power, inverted; then scaled.
std::vector<float> inverse_frequencies(const RopeShape& shape);

// Turns every head of x [N, heads * head_dim] in place; positions is [1, N]. Angles, sines and
// cosines are computed as Hugging Face transformers does in float32: inv_freq in float32 (scaled in
// double precision and rounded once, where there is a scaling), the angle position * inv_freq in
// float32, then cosf and sinf of it.
void rope_forward(Cpu& cpu, const RopeShape& shape, const Indices<Cpu>& positions, Tensor<Cpu>& x);

// The inverse rotation, in place on the gradient.
void rope_backward(Cpu& cpu, const RopeShape& shape, const Indices<Cpu>& positions,
                   Tensor<Cpu>& dx);

}  // namespace trainer
