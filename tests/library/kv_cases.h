// Inputs of the tests of the key/value caches.
#pragma once

#include <gtest/gtest.h>

#include <bit>
#include <cstdint>
#include <vector>

#include "roste/core/spec.h"
#include "roste/cpu/matrix_view.h"
#include "tests/support/random_values.h"

namespace roste::testing {

using PerHead = PerGroup<kDynamic>;
using KvSpecs =
    ::testing::Types<QuantSpec<1, Asymmetric, PerHead>, QuantSpec<2, Asymmetric, PerHead>,
                     QuantSpec<3, Asymmetric, PerHead>, QuantSpec<4, Asymmetric, PerHead>,
                     QuantSpec<5, Asymmetric, PerHead>, QuantSpec<6, Asymmetric, PerHead>,
                     QuantSpec<7, Asymmetric, PerHead>, QuantSpec<8, Asymmetric, PerHead>,
                     QuantSpec<4, Symmetric, PerHead>,
                     QuantSpec<4, Asymmetric, PerHead, TightRange>>;

// rows x cols values; every third row lies far from zero and every fifth is constant.
inline std::vector<float> kv_values(std::int64_t rows, std::int64_t cols, std::uint64_t seed) {
  std::vector<float> x = gaussian(seed, rows * cols);
  for (std::int64_t i = 0; i < rows * cols; ++i) {
    float& v = x[static_cast<std::size_t>(i)];
    if (i / cols % 3 == 2) v += 7.0f;
    if (i / cols % 5 == 4) v = -0.3f;
  }
  return x;
}

inline cpu::MatrixView<const float> matrix(const std::vector<float>& x, std::int64_t rows) {
  return {x.data(), rows, static_cast<std::int64_t>(x.size()) / rows};
}

inline std::uint32_t bits_of(float x) { return std::bit_cast<std::uint32_t>(x); }

inline std::vector<std::uint32_t> bits_of(const std::vector<float>& x) {
  std::vector<std::uint32_t> bits;
  for (const float v : x) bits.push_back(bits_of(v));
  return bits;
}

}  // namespace roste::testing
