#include "reference_trainer/formats/carried_codes.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "roste/core/import_weights.h"

namespace trainer {
namespace {

QuantizerSettings settings(int bits, Symmetry symmetry, Range range = Range::kZeroIncluded) {
  return {bits, symmetry, range, 1.0f};
}

// What a reader of the format makes of it: the library's import, checked against the package.
std::vector<float> read_back(const CarriedCodes& c) {
  const roste::PackedMatrix read = roste::import_compressed_tensors(
      roste::CompressedTensorsWeight<float>{c.bits, c.out, c.in, c.packed, c.scale, c.zero});
  std::vector<float> values(static_cast<std::size_t>(c.out * c.in));
  unpack_values(read, {values.data(), c.out, c.in});
  return values;
}

std::vector<float> values_of(const PackedWeight& w) {
  std::vector<float> values(static_cast<std::size_t>(w.rows * w.cols));
  unpack_values(w, {values.data(), w.rows, w.cols});
  return values;
}

// Every code of every width with every zero point, in rows that do not fill a word.
TEST(CarriedCodes, EveryCodeAndZeroPointComesBack) {
  for (int bits = 2; bits <= 8; ++bits) {
    const std::int64_t codes = std::int64_t{1} << bits, cols = codes + 3;
    std::vector<roste::GroupParams> params;
    std::vector<std::int16_t> q;
    for (std::int64_t z = 0; z < codes; ++z) {
      params.push_back({0.1f + static_cast<float>(z), static_cast<std::int32_t>(z)});
      for (std::int64_t i = 0; i < cols; ++i) q.push_back(static_cast<std::int16_t>(i % codes));
    }
    const PackedWeight w =
        pack_codes(settings(bits, Symmetry::kAsymmetric), params, {q.data(), codes, cols});
    const CarriedCodes carried = carry(w);
    EXPECT_EQ(carried.bits, bits);
    EXPECT_EQ(read_back(carried), values_of(w)) << bits;
  }
}

TEST(CarriedCodes, SymmetricCodesHaveNoZeroPoints) {
  for (int bits = 2; bits <= 8; ++bits) {
    const std::int64_t half = std::int64_t{1} << (bits - 1);
    std::vector<std::int16_t> q(static_cast<std::size_t>(2 * half));
    std::iota(q.begin(), q.end(), static_cast<std::int16_t>(-half));
    const std::vector<roste::GroupParams> params{{0.3f, 0}};
    const PackedWeight w =
        pack_codes(settings(bits, Symmetry::kSymmetric), params, {q.data(), 1, 2 * half});
    const CarriedCodes carried = carry(w);
    EXPECT_TRUE(carried.zero.empty());
    EXPECT_EQ(read_back(carried), values_of(w)) << bits;
  }
}

// By hand: codes 1 ... 9, 0 from the lowest bits on; zeros 2 and 5 in one word.
TEST(CarriedCodes, GoldenWords) {
  const std::vector<std::int16_t> q{1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 15, 0, 0, 0, 0, 0, 0, 0};
  const std::vector<roste::GroupParams> params{{1.0f, 2}, {0.5f, 5}};
  const CarriedCodes c =
      carry(pack_codes(settings(4, Symmetry::kAsymmetric), params, {q.data(), 2, 9}));
  EXPECT_EQ(c.row_words, 2);
  EXPECT_EQ(c.packed,
            (std::vector<std::int32_t>{static_cast<std::int32_t>(0x87654321u), 9, 0xf0, 0}));
  EXPECT_EQ(c.zero, std::vector<std::int32_t>{0x52});
  EXPECT_EQ(c.scale, (std::vector<float>{1.0f, 0.5f}));
}

// A tight range beside zero has a zero point that is no code: more bits say the same values.
TEST(CarriedCodes, ZeroPointsBesideTheRangeTakeMoreBitsAndKeepEveryValue) {
  const std::vector<float> rows{1.0f,  1.2f,  1.5f,  2.0f,    // q - z from 15 to 30: 5 bits
                                -3.0f, -2.0f, -1.0f, -2.5f,   // -23 ... -8
                                -1.0f, 0.0f,  1.0f,  0.25f};  // zero inside
  const PackedWeight w =
      pack_weight(settings(4, Symmetry::kAsymmetric, Range::kTight), {rows.data(), 3, 4});
  EXPECT_EQ(carried_bits(w), 5);
  EXPECT_EQ(read_back(carry(w)), values_of(w));
}

TEST(CarriedCodes, ARangeFarFromZeroIsRefused) {
  const std::vector<float> row{1000.0f, 1001.0f};
  const PackedWeight w =
      pack_weight(settings(4, Symmetry::kAsymmetric, Range::kTight), {row.data(), 1, 2});
  EXPECT_EQ(carried_bits(w), 9);
  EXPECT_THROW(carry(w), std::invalid_argument);
}

}  // namespace
}  // namespace trainer
