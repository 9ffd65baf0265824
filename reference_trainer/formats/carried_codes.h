// Codes as the pack-quantized format of compressed-tensors has them: int32 words, a scale and a
// zero point for every output channel.
//
// The format's codes are signed, q_ct = q - 2^(b-1), and stored as q_ct + 2^(b-1), that is as q;
// its zero points are codes, too. What our zero points cannot say so (tight ranges may lie beside
// zero) is said exactly with more bits: codes move by a constant, and differences q - z stay.
#pragma once

#include <cstdint>
#include <vector>

#include "reference_trainer/ops/packed_weight.h"

namespace trainer {

struct CarriedCodes {
  int bits = 0;  // of a code and of a zero point
  std::int64_t out = 0, in = 0;
  std::int64_t row_words = 0;        // ceil(in bits / 32)
  std::vector<std::int32_t> packed;  // [out, row_words]
  std::vector<float> scale;          // [out]
  std::vector<std::int32_t> zero;    // [ceil(out bits / 32)]; symmetric: none
};

// The fewest bits, from those of `weight` on, with which every row has a zero point that is a code;
// 9 where 8 do not suffice. Symmetric codes need no more than they have.
int carried_bits(const PackedWeight& weight);

// (q - z) s stays bit for bit. Throws std::invalid_argument where carried_bits is 9.
CarriedCodes carry(const PackedWeight& weight);

}  // namespace trainer
