// Rows of numbers in the blocks of 32 that GGUF files hold.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "reference_trainer/ops/packed_weight.h"

namespace trainer {

inline constexpr std::int64_t kGgufBlock = 32;

// Q8_0: an fp16 scale d = max|x| / 127 and 32 signed bytes round(x / d), ties away from zero, for
// every 32 values. |error| <= d / 2 + |x| 2^-11, with d below 2^-14 at most 127 2^-25 more. Throws
// Error EX-07 naming `tensor` where d exceeds fp16. values.size() must be a multiple of 32.
std::vector<std::byte> q8_0_bytes(const std::string& tensor, std::span<const float> values);

// Q4_1: x = d u + m with fp16 d = s, m = (c - z) s, and 4-bit u = q - c, where c is the lowest
// code: our own codes, each channel's s and z repeated in every block. For normal d and m |error|
// <= 2^-11 (u s + |m|). Throws Error EX-07 naming `tensor` where s or m exceed fp16, EX-04 for more
// than 4 bits. cols must be a multiple of 32.
std::vector<std::byte> q4_1_bytes(const std::string& tensor, const PackedWeight& weight);

}  // namespace trainer
