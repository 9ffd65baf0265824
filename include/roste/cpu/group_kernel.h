// The loops over the values of one run. They carry data to the scalar functions of core/grid.h in
// blocks of independent lanes, which a compiler turns into vector instructions without relaxed
// floating-point rules.
#pragma once

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

inline constexpr int kSumLanes = 8;  // doubles: two AVX2 registers, one AVX-512 register

// Lane l adds up the values l, l + 8, ... in order; lanes are then added in ascending order.
struct LaneSums {
  double error[kSumLanes] = {};
  double norm[kSumLanes] = {};
  std::int32_t saturated[kSumLanes] = {};

  void add(int lane, float x, GroupParams params, CodeRange codes) {
    const double value = x;
    const double difference = static_cast<double>(fake_quantize_value(x, params, codes)) - value;
    error[lane] += difference * difference;
    norm[lane] += value * value;
    saturated[lane] += saturates(x, params, codes) ? 1 : 0;
  }

  void add_to(ErrorSums& sums) const {
    for (int l = 0; l < kSumLanes; ++l) {
      sums.squared_error += error[l];
      sums.squared_norm += norm[l];
      sums.saturated += saturated[l];
    }
  }
};

// Adds the sums of one run; n below 2^31.
inline void measure_run(const float* x, GroupParams params, CodeRange codes, std::int64_t n,
                        ErrorSums& sums) {
  LaneSums lanes;
  std::int64_t i = 0;
  for (; i + kSumLanes <= n; i += kSumLanes) {
    for (int l = 0; l < kSumLanes; ++l) lanes.add(l, x[i + l], params, codes);
  }
  for (int l = 0; i < n; ++i, ++l) lanes.add(l, x[i], params, codes);
  lanes.add_to(sums);
  sums.count += n;
}

}  // namespace roste::cpu::detail
