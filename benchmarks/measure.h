// Timing on a shared machine: alternate what is compared, take medians, and measure the machine's
// own limit in the same run (limits.h).
#pragma once

#include <time.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <span>
#include <vector>

namespace bench {

inline double seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

template <class F>
double time_once(F&& f) {
  const double begin = seconds();
  f();
  return seconds() - begin;
}

inline double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

// Seconds that this thread has had a core: what others do on a shared machine does not count.
inline double thread_seconds() {
  timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}

// Seconds of one call of f, the mean of `times` calls.
template <class F>
double thread_time(F&& f, int times) {
  const double begin = thread_seconds();
  for (int i = 0; i < times; ++i) f();
  return (thread_seconds() - begin) / times;
}

// How often f runs in one sample: 100 us outweigh the clock's own cost of less than 1 us.
template <class F>
int repetitions(F&& f) {
  constexpr double kSample = 100e-6;
  f();  // the first touch of its memory and code
  return static_cast<int>(std::clamp(kSample / std::max(thread_time(f, 1), 1e-9), 1.0, 10'000.0));
}

// Time of one call of a over that of b, both single-threaded: the median over pairs of samples that
// follow one another, so that both meet the same disturbances.
template <class A, class B>
double time_ratio(A&& a, B&& b, int pairs = 51) {
  const int times_a = repetitions(a), times_b = repetitions(b);
  std::vector<double> ratios;
  for (int i = 0; i < pairs; ++i) {
    const double first = thread_time(a, times_a);
    ratios.push_back(first / thread_time(b, times_b));
  }
  return median(ratios);
}

// Ends the program with a message unless `holds`: the time of a wrong result is worth nothing.
inline void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "error: wrong result: %s\n", what);
  std::exit(1);
}

// Standard normal numbers, the same at every call with one seed.
inline std::vector<float> normal_values(std::int64_t count, unsigned seed = 1) {
  std::mt19937 generator(seed);
  std::normal_distribution<float> normal;
  std::vector<float> values(static_cast<std::size_t>(count));
  for (float& x : values) x = normal(generator);
  return values;
}

// Largest |a_i - b_i|; infinity where a value is not finite, so that no comparison lets it pass.
inline double largest_difference(std::span<const float> a, std::span<const float> b) {
  double largest = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double difference = std::abs(static_cast<double>(a[i]) - static_cast<double>(b[i]));
    if (!std::isfinite(difference)) return HUGE_VAL;
    largest = std::max(largest, difference);
  }
  return largest;
}

// FLOP/s of fused multiply-adds on one core with everything in registers (fma_peak.cpp).
double fma_peak();

}  // namespace bench
