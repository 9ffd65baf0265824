#include "reference_trainer/ops/eight_bit_adam.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/ops/tensors.h"

namespace trainer::test {
namespace {

// From the table of the package bitsandbytes 0.50.2, create_dynamic_map.
TEST(EightBitAdam, TheCodebooksAreThePublishedOnes) {
  const MomentCodebook &both = signed_codebook(), &positive = unsigned_codebook();
  const auto near = [](float got, double expected) {
    EXPECT_NEAR(got, expected, kUnit * std::abs(expected));
  };
  near(both[0], -0.99296875);
  near(both[1], -0.97890625);
  near(both[126], -5.5e-7);
  EXPECT_EQ(both[127], 0.0f);
  near(both[128], 5.5e-7);
  near(both[129], 3.25e-6);
  near(both[254], 0.99296875);
  EXPECT_EQ(both[255], 1.0f);
  EXPECT_EQ(positive[0], 0.0f);
  near(positive[1], 3.25e-7);
  near(positive[2], 7.75e-7);
  near(positive[127], 0.103515625);
  near(positive[254], 0.996484375);
  EXPECT_EQ(positive[255], 1.0f);
}

// A block of every value of the codebook: the largest is 1, so codes and values are one to one.
TEST(EightBitAdam, EveryCodeComesBack) {
  Cpu cpu(1);
  for (const MomentCodebook* codebook : {&signed_codebook(), &unsigned_codebook()}) {
    const Tensor<Cpu> x = tensor_of(cpu, 1, 256, {codebook->begin(), codebook->end()});
    CodedMoment<Cpu> moment;
    Tensor<Cpu> back;
    encode_moment(cpu, *codebook, x, moment);
    for (int c = 0; c < 256; ++c) EXPECT_EQ(moment.codes.data()[c], c);
    decode_moment(cpu, *codebook, moment, back);
    EXPECT_EQ(floats(back), floats(x));
  }
}

// On either side of every border between two codes, with the scale a power of two.
TEST(EightBitAdam, TheNearestCodeIsChosen) {
  Cpu cpu(1);
  const float scale = 0x1p-40f;
  for (const MomentCodebook* codebook : {&signed_codebook(), &unsigned_codebook()}) {
    for (int c = 0; c < 255; ++c) {
      const float low = (*codebook)[c], high = (*codebook)[c + 1];
      const float below = low + (high - low) * 0.499f, above = low + (high - low) * 0.501f;
      const Tensor<Cpu> x = tensor_of(cpu, 1, 3, {scale, below * scale, above * scale});
      CodedMoment<Cpu> moment;
      encode_moment(cpu, *codebook, x, moment);
      EXPECT_EQ(moment.codes.data()[0], 255);
      // Above zero a second moment stays above zero.
      const bool first_positive = codebook == &unsigned_codebook() && c == 0;
      EXPECT_EQ(moment.codes.data()[1], first_positive ? 1 : c) << c;
      EXPECT_EQ(moment.codes.data()[2], c + 1) << c;
    }
  }
}

TEST(EightBitAdam, ZerosStayZeros) {
  Cpu cpu(1);
  CodedMoment<Cpu> moment;
  Tensor<Cpu> back;
  for (const MomentCodebook* codebook : {&signed_codebook(), &unsigned_codebook()}) {
    reset_moment(cpu, *codebook, 3, 100, moment);
    EXPECT_EQ(moment.largest.size(), 2);
    decode_moment(cpu, *codebook, moment, back);
    EXPECT_EQ(floats(back), std::vector<float>(300, 0.0f));
    encode_moment(cpu, *codebook, constant_tensor(cpu, 3, 100, 0), moment);
    decode_moment(cpu, *codebook, moment, back);
    EXPECT_EQ(floats(back), std::vector<float>(300, 0.0f));
  }
}

// A step is: decode, the step of float moments, encode. 1000 values: the last block is short.
TEST(EightBitAdam, TheStepIsThatOfFloatMoments) {
  Cpu cpu(2);
  Tensor<Cpu> w = random_tensor(cpu, 8, 125, 1), m, v, w_float = random_tensor(cpu, 8, 125, 1);
  CodedMoment<Cpu> m_coded, v_coded, expected;
  reset_moment(cpu, signed_codebook(), 8, 125, m_coded);
  reset_moment(cpu, unsigned_codebook(), 8, 125, v_coded);
  AdamWStep settings{.learning_rate = 0.01, .weight_decay = 0.1, .step = 0};
  for (unsigned seed = 2; seed < 6; ++seed) {
    ++settings.step;
    const Tensor<Cpu> g = random_tensor(cpu, 8, 125, seed);
    decode_moment(cpu, signed_codebook(), m_coded, m);
    decode_moment(cpu, unsigned_codebook(), v_coded, v);
    adamw_update(cpu, settings, g, AdamWState<Cpu>{m, v}, w_float);
    adamw_update(cpu, settings, g, EightBitMoments<Cpu>{m_coded, v_coded}, w);
    expect_same_bits(floats(w), floats(w_float));
    Tensor<Cpu> got, want;
    encode_moment(cpu, signed_codebook(), m, expected);
    decode_moment(cpu, signed_codebook(), m_coded, got);
    decode_moment(cpu, signed_codebook(), expected, want);
    expect_same_bits(floats(got), floats(want));
    encode_moment(cpu, unsigned_codebook(), v, expected);
    decode_moment(cpu, unsigned_codebook(), v_coded, got);
    decode_moment(cpu, unsigned_codebook(), expected, want);
    expect_same_bits(floats(got), floats(want));
  }
}

TEST(EightBitAdam, SameBitsForAnyThreads) {
  expect_same_bits_for_any_threads([](Cpu& cpu) {
    Tensor<Cpu> w = random_tensor(cpu, 333, 151, 1);
    CodedMoment<Cpu> m, v;
    reset_moment(cpu, signed_codebook(), 333, 151, m);
    reset_moment(cpu, unsigned_codebook(), 333, 151, v);
    for (int step = 1; step < 3; ++step)
      adamw_update(cpu, {.learning_rate = 0.1, .step = step}, random_tensor(cpu, 333, 151, 3),
                   EightBitMoments<Cpu>{m, v}, w);
    return floats(w);
  });
}

}  // namespace
}  // namespace trainer::test
