// The uniform grid of eqs. (1)-(4) on single numbers. The loops of every device call these
// functions and add no arithmetic of their own.
//
//   x  value, q  code, z  zero point, s  scale (> 0), c  clipping factor in (0, 1]
//   Q(x) = (clamp(rint(x / s) + z) - z) s        eq. (1)
#pragma once

#include <cmath>
#include <cstdint>
#include <stdexcept>
#include <string>

#include "roste/core/host_device.h"

namespace roste {

// The smallest and the largest code, both included.
struct CodeRange {
  std::int32_t min = 0;
  std::int32_t max = 0;
};

// The four ways to choose scale and zero point; spec.h names them as types.
enum class RangeRule { kSymmetric, kZeroIncluded, kTight, kPaperEq4 };

// A quantizer of single numbers: everything but the group's own scale and zero point.
struct Grid {
  RangeRule rule = RangeRule::kZeroIncluded;
  CodeRange codes;
  float clip = 1.0f;  // c, in (0, 1]
};

// What a group of values shares. A code q stands for (q - zero) * scale.
struct GroupParams {
  float scale = 1.0f;
  std::int32_t zero = 0;
  friend bool operator==(const GroupParams&, const GroupParams&) = default;
};

inline constexpr float kSmallestNormal = 0x1p-126f;
inline constexpr float kLargestFloat = 0x1.fffffep+127f;

// The codes of eq. (3) or eq. (4). bits: 2 ... 16 symmetric, 1 ... 16 otherwise; throws
// std::invalid_argument outside.
inline CodeRange code_range(RangeRule rule, int bits) {
  const int smallest = rule == RangeRule::kSymmetric ? 2 : 1;
  if (bits < smallest || bits > 16) {
    throw std::invalid_argument("roste: a grid of " + std::to_string(bits) + " bits; expected " +
                                std::to_string(smallest) + " to 16");
  }
  if (rule == RangeRule::kSymmetric) return {-(1 << (bits - 1)), (1 << (bits - 1)) - 1};  // eq. (3)
  return {0, (1 << bits) - 1};                                                            // eq. (4)
}

// A grid of `bits` bits. clip: c in (0, 1]. Throws std::invalid_argument.
inline Grid make_grid(RangeRule rule, int bits, float clip = 1.0f) {
  if (!(clip > 0.0f && clip <= 1.0f)) {
    throw std::invalid_argument("roste: clipping factor " + std::to_string(clip) +
                                "; expected a number in (0, 1]");
  }
  return {rule, code_range(rule, bits), clip};
}

namespace detail {

// A scale below the smallest normal number is raised to it: quotients stay finite, and processors
// that flush denormals agree with those that do not. A range too wide for float keeps s finite.
ROSTE_HD inline float usable_scale(float scale) {
  if (!(scale >= kSmallestNormal)) return kSmallestNormal;
  return scale > kLargestFloat ? kLargestFloat : scale;
}

// (high - low) / steps without overflow of the difference.
ROSTE_HD inline float step_of(float low, float high, float steps) {
  const float width = high - low;
  return width <= kLargestFloat ? width / steps : high / steps - low / steps;
}

// Zero points and quotients stay below 2^30 in magnitude, so an int32 holds them. Costs at most
// 2^-31 of the largest magnitude, 2^-7 of a float's own spacing there.
ROSTE_HD inline float scale_within_int32(float scale, float low, float high) {
  const float largest = std::fmax(std::fabs(low), std::fabs(high));
  return std::fmax(scale, largest * 0x1p-30f);
}

// c x, rounded to float and only then used: the exact product in double leaves a compiler nothing
// to fuse with the subtraction that follows.
ROSTE_HD inline float clipped_end(float x, float clip) {
  return static_cast<float>(static_cast<double>(x) * static_cast<double>(clip));
}

// A group of one value v comes back bit for bit: s = |v|, and u = q - z is +1, -1 or, for v = 0, 0.
ROSTE_HD inline GroupParams fit_constant(RangeRule rule, float v) {
  if (v == 0.0f) return {1.0f, 0};
  const std::int32_t zero = rule != RangeRule::kSymmetric && v < 0.0f ? 1 : 0;
  return {std::fabs(v), zero};
}

ROSTE_HD inline GroupParams fit_symmetric(const Grid& grid, float min, float max) {
  const float largest = std::fmax(std::fabs(min), std::fabs(max)) * grid.clip;
  return {usable_scale(largest / static_cast<float>(grid.codes.max)), 0};  // eq. (2)
}

// [low, high] is the range after clipping.
ROSTE_HD inline GroupParams fit_interval(const Grid& grid, float low, float high) {
  const float steps = static_cast<float>(grid.codes.max);
  float scale = usable_scale(step_of(low, high, steps));
  if (grid.rule == RangeRule::kTight) scale = scale_within_int32(scale, low, high);
  return {scale,
          static_cast<std::int32_t>(std::rint(-low / scale))};  // eq. (4), nearest zero point
}

ROSTE_HD inline GroupParams fit_paper(const Grid& grid, float min, float max) {
  const float steps = static_cast<float>(grid.codes.max);
  const float step = step_of(min, max, steps) * grid.clip;
  const float scale = scale_within_int32(usable_scale(step), min, max);
  return {scale, static_cast<std::int32_t>(std::floor(-min / scale))};  // eq. (4) as printed
}

}  // namespace detail

// Scale and zero point of a group whose smallest and largest values are min <= max, both finite;
// eqs. (2), (4). The scale is positive and finite; a constant group is reproduced exactly.
ROSTE_HD inline GroupParams fit_range(const Grid& grid, float min, float max) {
  if (min == max) return detail::fit_constant(grid.rule, min);
  if (grid.rule == RangeRule::kSymmetric) return detail::fit_symmetric(grid, min, max);
  if (grid.rule == RangeRule::kPaperEq4) return detail::fit_paper(grid, min, max);
  if (grid.rule == RangeRule::kZeroIncluded) {
    min = min < 0.0f ? min : 0.0f;
    max = max > 0.0f ? max : 0.0f;
  }
  return detail::fit_interval(grid, detail::clipped_end(min, grid.clip),
                              detail::clipped_end(max, grid.clip));
}

// rint(x / s) + z before clamping, as a float integer; ties to even, true division.
ROSTE_HD inline float unclamped_code(float x, GroupParams params) {
  return std::rint(x / params.scale) + static_cast<float>(params.zero);
}

// Clamps in float, so that a later cast to an integer is always defined; NaN becomes codes.min.
ROSTE_HD inline float clamp_code(float code, CodeRange codes) {
  const float low = static_cast<float>(codes.min);
  const float high = static_cast<float>(codes.max);
  code = code > low ? code : low;
  return code < high ? code : high;
}

// u s with u = q - z. The ends of a range near the largest float are kept finite.
ROSTE_HD inline float scaled(float u, float scale) {
  const float y = u * scale;
  const float bounded = y > -kLargestFloat ? y : -kLargestFloat;
  return bounded < kLargestFloat ? bounded : kLargestFloat;
}

// The code of a value: inner part of eq. (1).
ROSTE_HD inline std::int32_t encode(float x, GroupParams params, CodeRange codes) {
  return static_cast<std::int32_t>(clamp_code(unclamped_code(x, params), codes));
}

// The value of a code: outer part of eq. (1).
ROSTE_HD inline float decode(std::int32_t code, GroupParams params) {
  return scaled(static_cast<float>(code - params.zero), params.scale);
}

// decode(encode(x)) without leaving float registers; the same bits, because the code, the zero
// point and (rounded once, as a cast would) their difference are float integers.
ROSTE_HD inline float fake_quantize_value(float x, GroupParams params, CodeRange codes) {
  const float code = clamp_code(unclamped_code(x, params), codes);
  return scaled(code - static_cast<float>(params.zero), params.scale);
}

// True when the code of x had to be clamped: x lies more than half a step beyond an end of the
// representable range.
ROSTE_HD inline bool saturates(float x, GroupParams params, CodeRange codes) {
  const float code = unclamped_code(x, params);
  return code < static_cast<float>(codes.min) || code > static_cast<float>(codes.max);
}

}  // namespace roste
