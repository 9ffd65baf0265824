#include "reference_trainer/formats/gguf_blocks.h"

#include <gtest/gtest.h>

#include <cmath>

#include "reference_trainer/base/error.h"
#include "roste/core/number_types.h"

namespace trainer {
namespace {

float half_at(const std::vector<std::byte>& bytes, std::size_t i) {
  const auto low = std::to_integer<unsigned>(bytes[i]),
             high = std::to_integer<unsigned>(bytes[i + 1]);
  return roste::to_float(roste::Half{static_cast<std::uint16_t>(low | high << 8)});
}

std::vector<unsigned> numbers(const std::vector<std::byte>& bytes) {
  std::vector<unsigned> n;
  for (const std::byte b : bytes) n.push_back(std::to_integer<unsigned>(b));
  return n;
}

template <class F>
std::string code_of(F&& f) {
  try {
    f();
  } catch (const Error& e) {
    return e.parts().code;
  }
  return "none";
}

// d = 1, m = -2: codes 0 ... 15 twice, value i beside value i + 16.
TEST(GgufBlocks, GoldenQ4_1) {
  std::vector<std::int16_t> q;
  for (int i = 0; i < 32; ++i) q.push_back(static_cast<std::int16_t>(i < 16 ? i : 31 - i));
  const std::vector<roste::GroupParams> params{{1.0f, 2}};
  const auto bytes = q4_1_bytes("t", pack_codes({4}, params, {q.data(), 1, 32}));
  EXPECT_EQ(numbers(bytes),
            (std::vector<unsigned>{0x00, 0x3c, 0x00, 0xc0, 0xf0, 0xe1, 0xd2, 0xc3, 0xb4, 0xa5,
                                   0x96, 0x87, 0x78, 0x69, 0x5a, 0x4b, 0x3c, 0x2d, 0x1e, 0x0f}));
}

// All codes with all zero points and odd scales, asymmetric and symmetric:
// |d u + m - x| <= 2^-11 (u s + |m|), d and m being normal.
TEST(GgufBlocks, Q4_1IsOurCodesWithinTheRoundingOfItsTwoHalves) {
  for (const Symmetry symmetry : {Symmetry::kAsymmetric, Symmetry::kSymmetric}) {
    for (int bits = 2; bits <= 4; ++bits) {
      const bool symmetric = symmetry == Symmetry::kSymmetric;
      const int codes = 1 << bits, low = symmetric ? -codes / 2 : 0;
      for (int z = 0; z < (symmetric ? 1 : codes); ++z) {
        const roste::GroupParams params{0.0123457f * static_cast<float>(z + 1), z};
        std::vector<std::int16_t> q;
        for (int i = 0; i < 64; ++i) q.push_back(static_cast<std::int16_t>(low + i % codes));
        const PackedWeight w = pack_codes({bits, symmetry}, std::vector{params}, {q.data(), 1, 64});
        const auto bytes = q4_1_bytes("t", w);
        ASSERT_EQ(bytes.size(), 40u);
        for (std::size_t i = 0; i < 64; ++i) {
          const std::size_t block = i / 32 * 20, at = i % 32;
          const double d = half_at(bytes, block), m = half_at(bytes, block + 2);
          const double s = params.scale;
          const auto byte = std::to_integer<int>(bytes[block + 4 + at % 16]);
          const int u = at < 16 ? byte & 15 : byte >> 4;
          EXPECT_EQ(u, q[i] - low);
          const double exact = (q[i] - z) * s;
          const double bound = 0x1p-11 * (u * s + std::fabs((low - z) * s));
          EXPECT_LE(std::fabs(d * u + m - exact), bound * (1 + 0x1p-20));
        }
      }
    }
  }
}

TEST(GgufBlocks, GoldenQ8_0) {
  std::vector<float> x(32, 0.0f);
  x[0] = 127.0f;
  x[1] = -1.0f;
  x[2] = 2.5f;  // ties go away from zero
  x[31] = -127.0f;
  std::vector<unsigned> expected{0x00, 0x3c, 0x7f, 0xff, 3};
  expected.resize(33, 0);
  expected.push_back(0x81);
  EXPECT_EQ(numbers(q8_0_bytes("t", x)), expected);
  EXPECT_EQ(numbers(q8_0_bytes("t", std::vector<float>(32, 0.0f))), std::vector<unsigned>(34, 0));
}

// The bound of gguf_blocks.h, over values of many magnitudes.
TEST(GgufBlocks, Q8_0StaysWithinItsBound) {
  std::vector<float> x;
  for (int i = 0; i < 320; ++i)
    x.push_back(std::ldexp(std::sin(static_cast<float>(3 * i)), i / 32 - 5));
  const auto bytes = q8_0_bytes("t", x);
  for (std::size_t i = 0; i < x.size(); ++i) {
    double largest = 0;
    for (std::size_t j = i / 32 * 32; j < i / 32 * 32 + 32; ++j)
      largest = std::max<double>(largest, std::fabs(x[j]));
    const std::size_t block = i / 32 * 34;
    const double d = half_at(bytes, block);
    const auto code = static_cast<std::int8_t>(std::to_integer<int>(bytes[block + 2 + i % 32]));
    const double bound =
        largest / 254 * (1 + 0x1p-20) + std::fabs(x[i]) * 0x1.01p-11 + 127 * 0x1p-25;
    EXPECT_LE(std::fabs(d * code - x[i]), bound) << i;
  }
}

TEST(GgufBlocks, EX04_MoreThanFourBits) {
  const std::vector<std::int16_t> q(32, 31);
  const std::vector<roste::GroupParams> params{{1.0f, 0}};
  EXPECT_EQ(code_of([&] { q4_1_bytes("t", pack_codes({5}, params, {q.data(), 1, 32})); }), "EX-04");
}

// A scale below half of the smallest half becomes zero, and so do its values: at most 127 such
// scales away (Q8_0StaysWithinItsBound has the same term). Nothing becomes NaN.
TEST(GgufBlocks, QN08_ScalesBelowFp16LoseLessThanTheyBound) {
  for (const float largest : {1e-8f, 1e-30f, 1e-44f}) {
    const std::vector<float> x(32, largest);
    const auto bytes = q8_0_bytes("t", x);
    EXPECT_EQ(half_at(bytes, 0), 0.0);
    EXPECT_LE(largest, 127 * 0x1p-25);
  }
}

TEST(GgufBlocks, QN08_EX07_ScalesBeyondFp16) {
  const std::vector<std::int16_t> q(32, 15);
  const std::vector<roste::GroupParams> scale{{1e6f, 0}}, minimum{{30000.0f, 4}};
  EXPECT_EQ(code_of([&] { q4_1_bytes("t", pack_codes({4}, scale, {q.data(), 1, 32})); }), "EX-07");
  EXPECT_EQ(code_of([&] {
              q4_1_bytes("t", pack_codes({4}, minimum, {q.data(), 1, 32}));
            }),
            "EX-07");
  EXPECT_EQ(code_of([&] { q8_0_bytes("t", std::vector<float>(32, 1e7f)); }), "EX-07");
}

}  // namespace
}  // namespace trainer
