// From double to the float types of weight files, rounded once: to nearest, ties to even. By way of
// float, a double beside the middle of two 16-bit numbers would first become that middle.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "reference_trainer/io/safetensors.h"

namespace trainer {

// The 16-bit format of `kExponent` exponent and `kMantissa` mantissa bits. Numbers beyond its
// largest become infinite; a NaN becomes the quiet one.
template <int kExponent, int kMantissa>
inline std::uint16_t narrow_from_double(double value) {
  constexpr int kDropped = 52 - kMantissa;
  constexpr std::uint64_t kBias = (1u << (kExponent - 1)) - 1, kOne = 1;
  constexpr std::uint64_t kInfinity = ((kOne << kExponent) - 1) << kMantissa;
  constexpr std::uint64_t kSmallestNormal = (1024 - kBias) << 52;
  // 2^52 quanta of the subnormal numbers: a sum with it counts quanta in its lowest bits.
  constexpr double kQuanta = std::bit_cast<double>((1076 - kBias - kMantissa) << 52);
  const auto bits = std::bit_cast<std::uint64_t>(value);
  const std::uint64_t magnitude = bits & ~(kOne << 63);
  const std::uint64_t rounded =
      magnitude + ((kOne << (kDropped - 1)) - 1) + (magnitude >> kDropped & 1);
  const std::uint64_t normal =
      std::min((rounded >> kDropped) - ((1023 - kBias) << kMantissa), kInfinity);
  const std::uint64_t subnormal =
      std::bit_cast<std::uint64_t>(std::bit_cast<double>(magnitude) + kQuanta) & 0xffff;
  std::uint64_t result = magnitude < kSmallestNormal ? subnormal : normal;
  if (magnitude > std::uint64_t{2047} << 52) result = kInfinity | kOne << (kMantissa - 1);
  return static_cast<std::uint16_t>(result | (bits >> 63 << 15));
}

inline std::uint16_t bf16_from_double(double value) { return narrow_from_double<8, 7>(value); }
inline std::uint16_t f16_from_double(double value) { return narrow_from_double<5, 10>(value); }

// Half the distance of two neighbours relative to them: 2^-24, 2^-11, 2^-8. `dtype` is a float
// type, here and below (std::invalid_argument).
double unit_roundoff(DType dtype);

// bytes := values in `dtype`; bytes.size() is values.size() * dtype_size(dtype).
void round_values(DType dtype, std::span<const double> values, std::span<std::byte> bytes);

// values := what the bytes stand for, exactly. Sizes as above.
void read_rounded(DType dtype, std::span<const std::byte> bytes, std::span<float> values);

// What the values are after rounding.
std::vector<float> rounded_floats(DType dtype, std::span<const double> values);

}  // namespace trainer
