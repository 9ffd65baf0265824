// AdamW whose moments take eight bits a value: block-wise dynamic quantization (Dettmers et al.
// 2022, "8-bit Optimizers via Block-wise Quantization").
#pragma once

#include <array>
#include <cstdint>

#include "reference_trainer/ops/optimizer.h"

namespace trainer {

// Values that share a scale: consecutive ones of the tensor; the last block may be shorter.
inline constexpr std::int64_t kMomentBlock = 256;

using MomentCodebook = std::array<float, 256>;

// What the codes stand for, in units of the block's largest magnitude, ascending. Decades have
// twice as many values as the one below: decade e = 0 ... 6 has the midpoints of 2^e (signed, of
// either sign) or 2^(e+1) (unsigned) equal parts of [0.1, 1], times 10^(e - 6); then 0 and 1.
const MomentCodebook& signed_codebook();    // of first moments
const MomentCodebook& unsigned_codebook();  // of second moments

// A moment of a parameter as codes.
template <Backend B>
struct CodedMoment {
  Tensor<B, std::uint8_t> codes;  // shape of the parameter
  Tensor<B> largest;              // [1, blocks] largest magnitude in each block
};

template <Backend B>
struct EightBitMoments {
  CodedMoment<B>& m;
  CodedMoment<B>& v;
};

// A moment of zeros for a parameter [rows, cols].
void reset_moment(Cpu& cpu, const MomentCodebook& codebook, std::int64_t rows, std::int64_t cols,
                  CodedMoment<Cpu>& moment);

// The values that a moment stands for; `values` gets the shape of the codes.
void decode_moment(Cpu& cpu, const MomentCodebook& codebook, const CodedMoment<Cpu>& moment,
                   Tensor<Cpu>& values);

// moment := the nearest codes of `values`; ties go to the smaller one, and with the unsigned
// codebook nothing above zero becomes zero, so that no step divides by too little.
void encode_moment(Cpu& cpu, const MomentCodebook& codebook, const Tensor<Cpu>& values,
                   CodedMoment<Cpu>& moment);

// The step of adamw_update on moments that are decoded before and encoded after it; m by the signed
// codebook, v by the unsigned one.
void adamw_update(Cpu& cpu, const AdamWStep& settings, const Tensor<Cpu>& g,
                  const EightBitMoments<Cpu>& state, Tensor<Cpu>& w);

}  // namespace trainer
