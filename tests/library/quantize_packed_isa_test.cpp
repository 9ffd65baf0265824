// Nibbles of runs whose largest magnitude is known: kernels make them by fixed-point arithmetic.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "roste/cpu/detail/packed_run.h"
#include "tests/support/random_values.h"

namespace roste {
namespace {

using cpu::Isa;
using cpu::detail::FloatRun;

constexpr std::int64_t kBlock = 128;  // values that the widest kernel looks at together

std::uint8_t stored(float v, GroupParams params, CodeRange codes) {
  return static_cast<std::uint8_t>(encode(v, params, codes) - codes.min);
}

// A block of the same value, so that no other one sends it the slow way.
void expect_nibbles(float v, GroupParams params, CodeRange codes, Isa isa) {
  const std::vector<float> x(kBlock, v);
  std::vector<std::uint8_t> bytes(kBlock / 2);
  encode_packed_run(isa, FloatRun{x.data(), kBlock, nullptr, {v, v}}, params, codes, bytes.data());
  const int nibble = stored(v, params, codes);
  const auto is_right = [&](std::uint8_t byte) { return byte == (nibble | nibble << 4); };
  ASSERT_TRUE(std::all_of(bytes.begin(), bytes.end(), is_right))
      << v << " / " << params.scale << " + " << params.zero << " by " << cpu::isa_name(isa);
}

// Every half step from 60 below zero to 60 above, some of which are too far for fixed-point
// numbers: the floats around it, and steps of a quarter of the last fixed-point digit.
void expect_ties(GroupParams params, CodeRange codes, Isa isa) {
  for (int step = -60; step < 60; ++step) {
    const float tie = (static_cast<float>(step) + 0.5f) * params.scale;
    for (float v = tie * (1 - 0x1p-22f); v != tie * (1 + 0x1p-22f);
         v = std::nextafterf(v, tie * (1 + 0x1p-22f))) {
      expect_nibbles(v, params, codes, isa);
    }
    for (int k = -20; k <= 20; ++k) {
      expect_nibbles(tie + static_cast<float>(k) * 0x1p-18f * params.scale, params, codes, isa);
    }
  }
}

// Values beyond the range, up to where fixed-point numbers are none any more.
void expect_ends(GroupParams params, CodeRange codes, Isa isa) {
  for (const float steps : {31.0f, 32.0f, 100.0f, 200.0f, 400.0f, 1000.0f, 1e6f}) {
    expect_nibbles(steps * params.scale, params, codes, isa);
    expect_nibbles(-steps * params.scale, params, codes, isa);
  }
}

TEST(QuantizePackedIsa, TiesAndTheirNeighbours) {
  for (const Isa isa : cpu::kAllIsas) {
    if (!cpu::isa_supported(isa)) continue;
    for (const CodeRange codes : {CodeRange{0, 15}, CodeRange{-8, 7}, CodeRange{-7, 7}}) {
      for (const float scale : {1.0f, 0.1f, 1.0f / 3, 0.7390851f, 0x1p-99f}) {
        for (std::int32_t zero = codes.min; zero <= codes.max; zero += 3) {
          expect_ties({scale, zero}, codes, isa);
          expect_ends({scale, zero}, codes, isa);
          ASSERT_FALSE(HasFatalFailure());
        }
      }
    }
  }
}

// A tie that rounds down, alone in its block.
TEST(QuantizePackedIsa, TiesInEveryPlace) {
  const GroupParams params = {0.25f, 7};
  const CodeRange codes = {0, 15};
  for (const Isa isa : cpu::kAllIsas) {
    if (!cpu::isa_supported(isa)) continue;
    for (std::size_t at = 0; at < kBlock; ++at) {
      std::vector<float> x(kBlock, 0.25f);
      x[at] = 0.125f;
      std::vector<std::uint8_t> bytes(kBlock / 2), expected(kBlock / 2, 0x88);
      expected[at / 2] = at % 2 == 0 ? 0x87 : 0x78;
      const FloatRun run{x.data(), kBlock, nullptr, {0.125f, 0.25f}};
      encode_packed_run(isa, run, params, codes, bytes.data());
      ASSERT_EQ(bytes, expected) << at << " by " << cpu::isa_name(isa);
    }
  }
}

// Every place of a block in its own nibble, with a block that has a tie and one cut short behind;
// no value is beyond +- limit.
void expect_every_place(float limit, Isa isa) {
  const GroupParams params = {0.25f, 7};
  const CodeRange codes = {0, 15};
  std::vector<float> x = testing::gaussian(8, 2 * kBlock + 77);
  for (float& v : x) v = std::clamp(v, -limit, limit);
  x[kBlock + 5] = 0.375f;  // a tie
  std::vector<std::uint8_t> bytes((x.size() + 1) / 2);
  const FloatRun run{x.data(), static_cast<std::int64_t>(x.size()), nullptr, {-limit, limit}};
  encode_packed_run(isa, run, params, codes, bytes.data());
  for (std::size_t i = 0; i < x.size(); ++i) {
    ASSERT_EQ(bytes[i / 2] >> (4 * (i % 2)) & 15, stored(x[i], params, codes))
        << i << " by " << cpu::isa_name(isa) << " within " << limit;
  }
}

TEST(QuantizePackedIsa, EveryPlace) {
  for (const Isa isa : cpu::kAllIsas) {
    if (!cpu::isa_supported(isa)) continue;
    expect_every_place(5.0f, isa);   // some codes are clamped
    expect_every_place(1.75f, isa);  // none is
  }
}

}  // namespace
}  // namespace roste
