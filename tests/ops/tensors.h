// What the tests of the ops share: random tensors, comparison with double-precision twins, and
// equality of bits for several numbers of threads.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <random>
#include <span>
#include <vector>

#include "reference_trainer/backend/copy.h"

namespace trainer::test {

using Values = std::vector<double>;

// Half an ulp at 1: the relative error of one float32 operation.
inline constexpr double kUnit = 0x1p-24;

inline Tensor<Cpu> tensor_of(Cpu& cpu, std::int64_t rows, std::int64_t cols,
                             const std::vector<float>& values) {
  Tensor<Cpu> t(cpu, rows, cols);
  copy_to_device(cpu, std::span<const float>(values), t);
  return t;
}

inline Indices<Cpu> indices_of(Cpu& cpu, const std::vector<std::int32_t>& values) {
  Indices<Cpu> t(cpu, 1, static_cast<std::int64_t>(values.size()));
  copy_to_device(cpu, std::span<const std::int32_t>(values), t);
  return t;
}

// Uniform in [-1, 1), in steps that float32 holds exactly.
inline Tensor<Cpu> random_tensor(Cpu& cpu, std::int64_t rows, std::int64_t cols, unsigned seed) {
  std::mt19937 generator(seed);
  Tensor<Cpu> t(cpu, rows, cols);
  for (std::int64_t i = 0; i < t.size(); ++i) {
    t.data()[i] = static_cast<float>(static_cast<int>(generator() >> 12) - (1 << 19)) * 0x1p-19f;
  }
  return t;
}

inline Tensor<Cpu> constant_tensor(Cpu& cpu, std::int64_t rows, std::int64_t cols, float value) {
  return tensor_of(cpu, rows, cols, std::vector<float>(rows * cols, value));
}

inline std::vector<float> floats(const Tensor<Cpu>& t) { return {t.data(), t.data() + t.size()}; }

inline Values doubles(const Tensor<Cpu>& t) { return {t.data(), t.data() + t.size()}; }

inline double dot(const Values& a, const Values& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

inline void expect_near(const Tensor<Cpu>& got, const Values& expected, double tolerance) {
  ASSERT_EQ(static_cast<std::size_t>(got.size()), expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    ASSERT_NEAR(got.data()[i], expected[i], tolerance) << "value " << i;
  }
}

inline void expect_same_bits(const std::vector<float>& got, const std::vector<float>& expected) {
  ASSERT_EQ(got.size(), expected.size());
  if (got.empty()) return;
  ASSERT_EQ(std::memcmp(got.data(), expected.data(), got.size() * sizeof(float)), 0);
}

// run(cpu) -> std::vector<float> must be the same bits on 1, 2 and 3 threads.
template <class Run>
void expect_same_bits_for_any_threads(const Run& run) {
  Cpu one(1);
  const std::vector<float> expected = run(one);
  for (const int threads : {2, 3}) {
    Cpu several(threads);
    SCOPED_TRACE(threads);
    expect_same_bits(run(several), expected);
  }
}

}  // namespace trainer::test
