// The loops over the values of one run. They carry data to the scalar functions of core/grid.h in
// blocks of independent lanes, which a compiler turns into vector instructions without relaxed
// floating-point rules.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>

#include "roste/core/error.h"
#include "roste/core/grid.h"

namespace roste::cpu::detail {

inline constexpr int kLanes = 16;

// Smallest and largest value of what was scanned, and whether everything was finite.
struct Scan {
  float min = kLargestFloat;
  float max = -kLargestFloat;
  std::uint32_t largest_magnitude = 0;  // bits of |x|; ordered as the magnitudes are, NaN on top

  void add(float x) {
    min = x < min ? x : min;
    max = x > max ? x : max;
    const std::uint32_t magnitude = std::bit_cast<std::uint32_t>(x) & 0x7fffffffu;
    largest_magnitude = magnitude > largest_magnitude ? magnitude : largest_magnitude;
  }
  void merge(const Scan& other) {
    min = other.min < min ? other.min : min;
    max = other.max > max ? other.max : max;
    if (other.largest_magnitude > largest_magnitude) largest_magnitude = other.largest_magnitude;
  }
  bool finite() const { return largest_magnitude < 0x7f800000u; }  // the bits of infinity
};

inline Scan scan_run(const float* x, std::int64_t n) {
  float low[kLanes], high[kLanes];
  std::uint32_t magnitude[kLanes];
  for (int l = 0; l < kLanes; ++l) {
    low[l] = kLargestFloat;
    high[l] = -kLargestFloat;
    magnitude[l] = 0;
  }
  std::int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    for (int l = 0; l < kLanes; ++l) {
      const float v = x[i + l];
      const std::uint32_t bits = std::bit_cast<std::uint32_t>(v) & 0x7fffffffu;
      low[l] = v < low[l] ? v : low[l];
      high[l] = v > high[l] ? v : high[l];
      magnitude[l] = bits > magnitude[l] ? bits : magnitude[l];
    }
  }
  Scan scan;
  for (int l = 0; l < kLanes; ++l) scan.merge({low[l], high[l], magnitude[l]});
  for (; i < n; ++i) scan.add(x[i]);
  return scan;
}

// x := Q(x), eq. (1).
inline void fake_quantize_run(GroupParams params, CodeRange codes, std::int64_t n, float* x) {
  for (std::int64_t i = 0; i < n; ++i) x[i] = fake_quantize_value(x[i], params, codes);
}

template <class Code>
void encode_run(const float* x, GroupParams params, CodeRange codes, std::int64_t n, Code* out) {
  for (std::int64_t i = 0; i < n; ++i) out[i] = static_cast<Code>(encode(x[i], params, codes));
}

template <class Code>
void decode_run(const Code* codes, GroupParams params, std::int64_t n, float* out) {
  for (std::int64_t i = 0; i < n; ++i) out[i] = decode(codes[i], params);
}

inline constexpr int kSumLanes = 8;   // doubles: two AVX2 registers, one AVX-512 register
inline constexpr int kSumBlock = 64;  // values between the steps below, in the L1 cache

// Adds the sums over a block of at most kSumBlock values. Lane l adds up the values l, l + 8, ...
// in order; lanes are then added in ascending order. Values past n are zeros and add nothing.
inline void add_block(const float* x, const float* quantized, ErrorSums& sums) {
  double error[kSumLanes] = {}, norm[kSumLanes] = {};
  for (int i = 0; i < kSumBlock; i += kSumLanes) {
    for (int l = 0; l < kSumLanes; ++l) {
      const double value = x[i + l];
      const double difference = static_cast<double>(quantized[i + l]) - value;
      error[l] += difference * difference;
      norm[l] += value * value;
    }
  }
  for (int l = 0; l < kSumLanes; ++l) {
    sums.squared_error += error[l];
    sums.squared_norm += norm[l];
  }
}

// Adds the sums of one run.
inline void measure_run(const float* x, GroupParams params, CodeRange codes, std::int64_t n,
                        ErrorSums& sums) {
  for (std::int64_t first = 0; first < n; first += kSumBlock) {
    const std::int64_t count = std::min<std::int64_t>(kSumBlock, n - first);
    float values[kSumBlock] = {}, quantized[kSumBlock] = {};
    std::copy(x + first, x + first + count, values);
    std::copy(x + first, x + first + count, quantized);
    fake_quantize_run(params, codes, count, quantized);
    std::int32_t saturated = 0;
    for (std::int64_t i = 0; i < count; ++i) saturated += saturates(values[i], params, codes);
    add_block(values, quantized, sums);
    sums.saturated += saturated;
  }
  sums.count += n;
}

}  // namespace roste::cpu::detail
