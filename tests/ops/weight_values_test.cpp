// Codes of weights, arranged or packed, give back the values that fake_quantize makes.
#include <gtest/gtest.h>

#include "reference_trainer/ops/coded_matmul.h"
#include "reference_trainer/ops/packed_weight.h"
#include "tests/ops/tensors.h"

namespace trainer {
namespace {

using test::random_tensor;

// Outputs that fill panels of 32 and half panels of 16, and that do not; inputs that are no
// multiple of the four of a step.
constexpr std::pair<std::int64_t, std::int64_t> kShapes[] = {{1, 4}, {15, 28}, {33, 30}, {70, 129}};

std::vector<float> expected(Cpu& cpu, const QuantizerSettings& settings, Tensor<Cpu>& w) {
  Tensor<Cpu> q;
  copy(cpu, w, q);
  fake_quantize(cpu, settings, q.cols(), q);
  return test::floats(q);
}

// A row of zeros and a constant one, whose params are of their own kind.
Tensor<Cpu> weights(Cpu& cpu, std::int64_t rows, std::int64_t cols) {
  Tensor<Cpu> w = random_tensor(cpu, rows, cols, 5);
  std::fill_n(w.data(), cols, 0.0f);
  std::fill_n(w.data() + (rows - 1) * cols, cols, -0.7f);
  return w;
}

TEST(WeightValues, ArrangedCodesAreThePointsOfTheGrid) {
  Cpu cpu(2);
  for (const auto& [rows, cols] : kShapes) {
    for (int bits = 2; bits <= 8; ++bits) {
      for (const Symmetry symmetry : {Symmetry::kAsymmetric, Symmetry::kSymmetric}) {
        const QuantizerSettings settings{bits, symmetry, Range::kZeroIncluded, 0.9f};
        Tensor<Cpu> w = weights(cpu, rows, cols), made;
        CodedWeight<Cpu> coded;
        encode_weight(cpu, settings, w, coded);
        EXPECT_EQ(test::floats(w), test::floats(weights(cpu, rows, cols)));
        decode_weight(cpu, coded, made);
        ASSERT_EQ(test::floats(made), expected(cpu, settings, w)) << rows << " " << bits;
      }
    }
  }
}

// Ranges without zero are not multiplied as codes, and stay packed.
TEST(WeightValues, PackedCodesAreThePointsOfTheGrid) {
  Cpu cpu(2);
  for (const Range range : {Range::kZeroIncluded, Range::kTight, Range::kPaperEq4}) {
    for (int bits = 2; bits <= 8; ++bits) {
      const QuantizerSettings settings{bits, Symmetry::kAsymmetric, range, 1.0f};
      Tensor<Cpu> w = weights(cpu, 300, 129), made;
      PackedWeight packed;
      encode_weight(cpu, settings, w, packed);
      decode_weight(cpu, packed, made);
      ASSERT_EQ(test::floats(made), expected(cpu, settings, w)) << bits;
    }
  }
}

TEST(WeightValues, CD01_ThreadsDoNotChangeBits) {
  const QuantizerSettings settings{3, Symmetry::kAsymmetric, Range::kZeroIncluded, 1.0f};
  std::vector<std::vector<float>> arranged, packed;
  for (const int threads : {1, 2, 3}) {
    Cpu cpu(threads);
    const Tensor<Cpu> w = weights(cpu, 300, 257);
    Tensor<Cpu> made;
    CodedWeight<Cpu> codes;
    encode_weight(cpu, settings, w, codes);
    decode_weight(cpu, codes, made);
    arranged.push_back(test::floats(made));
    PackedWeight bytes;
    encode_weight(cpu, settings, w, bytes);
    decode_weight(cpu, bytes, made);
    packed.push_back(test::floats(made));
  }
  EXPECT_EQ(arranged[1], arranged[0]);
  EXPECT_EQ(arranged[2], arranged[0]);
  EXPECT_EQ(packed[1], packed[0]);
  EXPECT_EQ(packed[2], packed[0]);
  EXPECT_EQ(packed[0], arranged[0]);
}

}  // namespace
}  // namespace trainer
