// The 16-bit floats that matrices may be stored in. They are storage only: every sum, quotient and
// rounding of the library happens in float, and a result is rounded once when it is stored.
#pragma once

#include <concepts>
#include <cstdint>
#include <cstring>

#include "roste/core/host_device.h"

namespace roste {

// The upper half of a float: 8 bits of exponent, 7 of mantissa.
struct BFloat16 {
  std::uint16_t bits = 0;
  friend bool operator==(BFloat16, BFloat16) = default;  // of bits: NaN equals itself, -0 is not +0
};

// IEEE binary16: 5 bits of exponent, 10 of mantissa; up to 65504.
struct Half {
  std::uint16_t bits = 0;
  friend bool operator==(Half, Half) = default;  // of bits
};

// What a matrix of values may consist of.
template <class T>
concept Number = std::same_as<T, float> || std::same_as<T, BFloat16> || std::same_as<T, Half>;

namespace detail {

ROSTE_HD inline std::uint32_t float_bits(float x) {
  std::uint32_t bits;
  std::memcpy(&bits, &x, sizeof bits);
  return bits;
}

ROSTE_HD inline float float_of_bits(std::uint32_t bits) {
  float x;
  std::memcpy(&x, &bits, sizeof x);
  return x;
}

inline constexpr std::uint32_t kMagnitudeBits = 0x7fffffffu;
inline constexpr std::uint32_t kInfinityBits = 0x7f800000u;

template <class T>
inline constexpr float kLargest = 0x1.fffffep+127f;  // finite values of T end here
template <>
inline constexpr float kLargest<BFloat16> = 0x1.fep+127f;
template <>
inline constexpr float kLargest<Half> = 65504.0f;

ROSTE_HD inline float within(float x, float largest) {
  const float bounded = x > -largest ? x : -largest;
  return bounded < largest ? bounded : largest;
}

// To nearest even at bit `kept` of a float's bits; the carry reaches the exponent by itself.
ROSTE_HD inline std::uint32_t round_bits(std::uint32_t bits, int kept) {
  return bits + ((1u << (kept - 1)) - 1u) + ((bits >> kept) & 1u);
}

// Of bits below those of infinity, with the sign taken off.
ROSTE_HD inline std::uint32_t half_of_magnitude(std::uint32_t magnitude) {
  if (magnitude >= 0x477ff000u) return 0x7c00u;  // 65520 and more round to infinity
  if (magnitude < 0x38800000u) {  // below 2^-14: beside 0.5, floats lie 2^-24 apart as subnormal
    return float_bits(float_of_bits(magnitude) + 0.5f) - float_bits(0.5f);  // halves do
  }
  return round_bits(magnitude - (112u << 23), 13) >> 13;  // biases 127 and 15 differ by 112
}

}  // namespace detail

// The value of x; exact. NaN stays NaN.
ROSTE_HD inline float to_float(float x) { return x; }

ROSTE_HD inline float to_float(BFloat16 x) {
  return detail::float_of_bits(static_cast<std::uint32_t>(x.bits) << 16);
}

ROSTE_HD inline float to_float(Half x) {
  const std::uint32_t sign = (x.bits & 0x8000u) << 16, shifted = (x.bits & 0x7fffu) << 13;
  if (shifted > (0x7c00u << 13)) {  // a NaN becomes quiet, as processors make it
    return detail::float_of_bits(sign | 0x7fc00000u | shifted);
  }
  if (shifted == (0x7c00u << 13)) return detail::float_of_bits(sign | detail::kInfinityBits);
  const float magnitude = detail::float_of_bits(shifted) * 0x1p112f;  // exact, subnormals too
  return detail::float_of_bits(sign | detail::float_bits(magnitude));
}

// The nearest T to x, ties to even; beyond the largest finite T, infinity. NaN stays NaN, quiet.
template <Number T>
ROSTE_HD inline T from_float(float x);

template <>
ROSTE_HD inline float from_float<float>(float x) {
  return x;
}

template <>
ROSTE_HD inline BFloat16 from_float<BFloat16>(float x) {
  const std::uint32_t bits = detail::float_bits(x);
  const bool nan = (bits & detail::kMagnitudeBits) > detail::kInfinityBits;
  const std::uint32_t upper = (nan ? bits | 0x00400000u : detail::round_bits(bits, 16)) >> 16;
  return {static_cast<std::uint16_t>(upper)};
}

template <>
ROSTE_HD inline Half from_float<Half>(float x) {
  const std::uint32_t bits = detail::float_bits(x), magnitude = bits & detail::kMagnitudeBits;
  const std::uint32_t sign = (bits >> 16) & 0x8000u;
  if (magnitude > detail::kInfinityBits) {
    return {static_cast<std::uint16_t>(sign | 0x7e00u | ((magnitude >> 13) & 0x3ffu))};
  }
  return {static_cast<std::uint16_t>(sign | detail::half_of_magnitude(magnitude))};
}

// The nearest T to a finite x; beyond the largest finite T, that one: no result becomes infinite.
template <Number T>
ROSTE_HD inline T from_finite(float x) {
  return from_float<T>(detail::within(x, detail::kLargest<T>));
}

}  // namespace roste
