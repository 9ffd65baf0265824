// Packed matrices against quantize and then pack, and the 16-bit number types against float.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <span>
#include <vector>

#include "roste/cpu/measure.h"
#include "roste/cpu/quantize_packed.h"
#include "tests/support/random_values.h"

namespace roste {
namespace {

using cpu::Isa;
using cpu::MatrixView;
using Bytes = std::vector<std::uint8_t>;
constexpr std::int64_t kGap = 3;  // bytes between rows that nobody may touch

std::vector<Isa> isas() {
  std::vector<Isa> result;
  for (const Isa isa : cpu::kAllIsas) {
    if (cpu::isa_supported(isa)) result.push_back(isa);
  }
  return result;
}

// By the definition: codes of the portable quantize, packed row by row.
struct Expected {
  std::vector<GroupParams> params;
  std::vector<std::int16_t> codes;
  std::vector<float> values;
  Bytes bytes;
  std::int64_t row_bytes;
};

Expected expect_of(const Scheme& scheme, int bits, MatrixView<const float> x) {
  const std::size_t size = static_cast<std::size_t>(x.rows * x.cols);
  const std::size_t row_bytes = packed_bytes(static_cast<std::size_t>(x.cols), bits);
  const std::int64_t groups = group_layout(scheme.grouping, x.rows, x.cols).count;
  Expected e{std::vector<GroupParams>(static_cast<std::size_t>(groups)),
             std::vector<std::int16_t>(size), std::vector<float>(size), Bytes(),
             static_cast<std::int64_t>(row_bytes)};
  const MatrixView<std::int16_t> codes(e.codes.data(), x.rows, x.cols);
  cpu::quantize(scheme, x, e.params, codes, Isa::kPortable);
  cpu::dequantize(scheme, codes, e.params, MatrixView<float>(e.values.data(), x.rows, x.cols),
                  Isa::kPortable);
  for (std::int64_t r = 0; r < x.rows; ++r) {
    Bytes row(row_bytes);
    const std::span<const std::int16_t> row_codes(codes.row(r), static_cast<std::size_t>(x.cols));
    pack(row_codes, scheme.grid.codes, row);
    e.bytes.insert(e.bytes.end(), row.begin(), row.end());
    e.bytes.insert(e.bytes.end(), kGap, 0xcd);
  }
  return e;
}

bool same_bits(const std::vector<float>& a, const std::vector<float>& b) {
  if (a.empty() || b.empty()) return a.size() == b.size();  // memcmp takes no null pointer
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), 4 * a.size()) == 0;
}

void expect_packs(const Scheme& scheme, int bits, MatrixView<const float> x) {
  const Expected e = expect_of(scheme, bits, x);
  for (const Isa isa : isas()) {
    Bytes bytes(e.bytes.size(), 0xcd), again(e.bytes.size(), 0xcd);
    const MatrixView<std::uint8_t> view(bytes.data(), x.rows, e.row_bytes, e.row_bytes + kGap);
    std::vector<GroupParams> params(e.params.size());
    cpu::quantize_packed(scheme, x, params, view, isa);
    ASSERT_EQ(params, e.params);
    ASSERT_EQ(bytes, e.bytes) << bits << " bits, " << x.cols << " columns";
    const MatrixView<std::uint8_t> view2(again.data(), x.rows, e.row_bytes, e.row_bytes + kGap);
    cpu::encode_packed(scheme, x, e.params, view2, isa);
    ASSERT_EQ(again, e.bytes);
    Bytes packed(e.bytes.size(), 0xcd);
    const MatrixView<std::uint8_t> view3(packed.data(), x.rows, e.row_bytes, e.row_bytes + kGap);
    cpu::pack(scheme, MatrixView<const std::int16_t>(e.codes.data(), x.rows, x.cols), view3, isa);
    ASSERT_EQ(packed, e.bytes);
    std::vector<float> values(e.values.size());
    cpu::dequantize_packed(scheme, view, e.params, MatrixView<float>(values.data(), x.rows, x.cols),
                           isa);
    ASSERT_TRUE(same_bits(values, e.values));
    std::vector<std::int16_t> codes(e.codes.size());
    cpu::unpack(scheme, view, MatrixView<std::int16_t>(codes.data(), x.rows, x.cols), isa);
    ASSERT_EQ(codes, e.codes);
  }
}

Scheme scheme_of(RangeRule rule, int bits, Grouping grouping) {
  return {make_grid(rule, bits, 0.9f), grouping};
}

constexpr Grouping::Kind kGroup = Grouping::Kind::kGroup;

TEST(QuantizePacked, EqualsQuantizeThenPack) {
  for (int bits = 1; bits <= 8; ++bits) {
    for (const RangeRule rule :
         {RangeRule::kSymmetric, RangeRule::kZeroIncluded, RangeRule::kTight}) {
      if (bits == 1 && rule == RangeRule::kSymmetric) continue;
      for (std::int64_t cols = 0; cols <= 67; ++cols) {
        std::vector<float> x = testing::gaussian(static_cast<std::uint64_t>(cols), 2 * cols);
        for (float& v : x) v += 2.0f;  // so that zero points are not symmetric
        const MatrixView<const float> view(x.data(), 2, cols);
        for (const Grouping grouping :
             {Grouping{Grouping::Kind::kTensor, 0}, Grouping{Grouping::Kind::kRow, 0},
              Grouping{kGroup, 8, Tail::kShorter}, Grouping{kGroup, 5, Tail::kShorter}}) {
          expect_packs(scheme_of(rule, bits, grouping), bits, view);
        }
        ASSERT_FALSE(HasFatalFailure());
      }
    }
  }
}

TEST(QuantizePacked, RowsLongerThanAPiece) {
  const std::vector<float> x = testing::gaussian(4, 2 * 2063);
  for (const int bits : {3, 4, 8}) {
    for (const std::int64_t cols : {1024, 1025, 2063}) {
      const MatrixView<const float> view(x.data(), 2, cols);
      expect_packs(scheme_of(RangeRule::kZeroIncluded, bits, {Grouping::Kind::kRow, 0}), bits,
                   view);
      expect_packs(scheme_of(RangeRule::kSymmetric, bits, {kGroup, 37, Tail::kShorter}), bits,
                   view);
    }
  }
}

TEST(QuantizePacked, GoldenBytes) {
  const std::vector<float> x = {-3.0f, 0.0f, 0.6f, 4.5f, 1.0f};  // s = 0.5, z = 6
  const Quantizer<QuantSpec<4, Asymmetric, PerRow>> q;
  for (const Isa isa : isas()) {
    std::vector<GroupParams> params(1);
    Bytes bytes(3);
    cpu::quantize_packed(q, MatrixView<const float>(x), params, MatrixView<std::uint8_t>(bytes),
                         isa);
    EXPECT_EQ(bytes, (Bytes{0x60, 0xf7, 0x08}));
  }
}

TEST(QuantizePacked, PadBitsAndShapesAreChecked) {
  const Quantizer<QuantSpec<4, Asymmetric, PerRow>> q;
  const std::vector<float> x = {1, 2, 3};
  std::vector<float> y(3);
  std::vector<GroupParams> params(1);
  Bytes bytes(2), longer(3);
  cpu::quantize_packed(q, MatrixView<const float>(x), params, MatrixView<std::uint8_t>(bytes));
  EXPECT_THROW(
      cpu::quantize_packed(q, MatrixView<const float>(x), params, MatrixView<std::uint8_t>(longer)),
      std::invalid_argument);
  bytes[1] |= 0x10;
  std::vector<std::uint8_t> codes(3);
  for (const Isa isa : isas()) {
    EXPECT_THROW(cpu::dequantize_packed(q, MatrixView<std::uint8_t>(bytes), params,
                                        MatrixView<float>(y), isa),
                 std::invalid_argument);
    EXPECT_THROW(cpu::unpack(q, MatrixView<std::uint8_t>(bytes),
                             MatrixView<std::uint8_t>(codes.data(), 1, 3), isa),
                 std::invalid_argument);
  }
  const Scheme nine = scheme_of(RangeRule::kZeroIncluded, 9, {Grouping::Kind::kRow, 0});
  EXPECT_THROW(cpu::quantize_packed(nine, MatrixView<const float>(x), params,
                                    MatrixView<std::uint8_t>(longer)),
               std::invalid_argument);
}

TEST(QuantizePacked, QN19_ParamsFromOutside) {
  const Quantizer<QuantSpec<4, Asymmetric, PerRow>> q;
  const std::vector<float> x = {1, 2, 3};
  std::vector<float> y(3);
  Bytes bytes(2);
  const MatrixView<const float> in(x);
  const MatrixView<std::uint8_t> view(bytes);
  const std::vector<GroupParams> none, zero = {{0.0f, 0}}, nan = {{std::nanf(""), 0}};
  for (const std::vector<GroupParams>& params : {none, zero, nan}) {
    EXPECT_THROW(cpu::encode_packed(q, in, params, view), std::invalid_argument);
    EXPECT_THROW(cpu::dequantize_packed(q, view, params, MatrixView<float>(y)),
                 std::invalid_argument);
  }
  const std::vector<GroupParams> fine = {{2.0f, 0}};
  EXPECT_NO_THROW(cpu::encode_packed(q, in, fine, view));
  EXPECT_EQ(bytes, (Bytes{0x10, 0x02}));  // 0.5, 1 and 1.5
}

// Every verb on T gives what it gives on the same values as floats, rounded once at the end.
template <class T>
class QuantizeNumbers : public ::testing::Test {};
using Types = ::testing::Types<Half, BFloat16>;
TYPED_TEST_SUITE(QuantizeNumbers, Types);

TYPED_TEST(QuantizeNumbers, EveryVerbComputesInFloat) {
  for (const std::int64_t cols : {1, 17, 64, 1024, 1500}) {
    std::vector<float> x = testing::gaussian(6, 3 * cols);
    std::vector<TypeParam> narrow(x.size());
    for (std::size_t i = 0; i < x.size(); ++i) {
      narrow[i] = from_float<TypeParam>(x[i]);
      x[i] = to_float(narrow[i]);
    }
    const MatrixView<const float> wide_view(x.data(), 3, cols);
    const MatrixView<const TypeParam> view(narrow.data(), 3, cols);
    const Quantizer<QuantSpec<4, Asymmetric, PerRow>> q(0.9f);
    const Expected e = expect_of(q, 4, wide_view);
    const ErrorSums sums = cpu::measure(q, wide_view, Isa::kPortable);
    for (const Isa isa : isas()) {
      std::vector<GroupParams> params(3), packed_params(3);
      std::vector<std::int16_t> codes(x.size());
      cpu::quantize(q, view, params, MatrixView<std::int16_t>(codes.data(), 3, cols), isa);
      EXPECT_EQ(params, e.params);
      EXPECT_EQ(codes, e.codes);
      Bytes bytes(e.bytes.size(), 0xcd);
      const MatrixView<std::uint8_t> packed(bytes.data(), 3, e.row_bytes, e.row_bytes + kGap);
      cpu::quantize_packed(q, view, packed_params, packed, isa);
      EXPECT_EQ(bytes, e.bytes);
      EXPECT_EQ(cpu::measure(q, view, isa).squared_error, sums.squared_error);
      std::vector<TypeParam> fake(x.size()), back(x.size()), unpacked(x.size()), same = narrow;
      const auto of = [&](std::vector<TypeParam>& v) {
        return MatrixView<TypeParam>(v.data(), 3, cols);
      };
      cpu::fake_quantize(q, view, of(fake), isa);
      cpu::fake_quantize(q, of(same), isa);
      cpu::dequantize(q, MatrixView<std::int16_t>(codes.data(), 3, cols), params, of(back), isa);
      cpu::dequantize_packed(q, packed, params, of(unpacked), isa);
      std::vector<float> wide(x.size());
      cpu::fake_quantize(q, view, MatrixView<float>(wide.data(), 3, cols), isa);
      EXPECT_EQ(wide, e.values);
      for (std::size_t i = 0; i < x.size(); ++i) {
        const TypeParam expected = from_float<TypeParam>(e.values[i]);
        ASSERT_EQ(fake[i], expected);
        ASSERT_EQ(same[i], expected);
        ASSERT_EQ(back[i], expected);
        ASSERT_EQ(unpacked[i], expected);
      }
    }
  }
}

TYPED_TEST(QuantizeNumbers, RunsAreConvertedAsSingleNumbersAre) {
  std::vector<TypeParam> all(65536);
  std::vector<float> values(65536), middles;
  for (std::uint32_t bits = 0; bits < 65536; ++bits) {
    all[bits].bits = static_cast<std::uint16_t>(bits);
  }
  for (std::uint32_t bits = 0; bits < 1u << 20; ++bits) {  // every pattern of the upper 20 bits
    for (const std::uint32_t low : {0u, 1u}) {
      middles.push_back(std::bit_cast<float>(bits << 12 | low));
    }
  }
  std::vector<TypeParam> rounded(middles.size());
  const std::int64_t count = static_cast<std::int64_t>(middles.size());
  for (const Isa isa : isas()) {
    cpu::detail::widen_run(isa, all.data(), 65536, values.data());
    for (std::size_t i = 0; i < all.size(); ++i) {
      ASSERT_EQ(std::bit_cast<std::uint32_t>(values[i]),
                std::bit_cast<std::uint32_t>(to_float(all[i])));
    }
    cpu::detail::narrow_run(isa, middles.data(), count, rounded.data());
    for (std::size_t i = 0; i < middles.size(); ++i) {
      ASSERT_EQ(rounded[i], from_float<TypeParam>(middles[i]))
          << std::bit_cast<std::uint32_t>(middles[i]) << " by " << cpu::isa_name(isa);
    }
  }
}

// The grid's end may lie half a step beyond the largest value of the row.
TYPED_TEST(QuantizeNumbers, NoFiniteInputComesOutInfinite) {
  const float largest = detail::kLargest<TypeParam>;
  std::vector<float> x(40, largest * 0.5f);
  x[0] = largest;
  x[1] = -largest * 0.45f / 14.5f;  // the zero point is rounded: 15 steps end beyond the largest
  std::vector<TypeParam> narrow(x.size());
  for (std::size_t i = 0; i < x.size(); ++i) narrow[i] = from_float<TypeParam>(x[i]);
  for (const Isa isa : isas()) {
    std::vector<TypeParam> y(x.size());
    cpu::fake_quantize(Quantizer<QuantSpec<4, Asymmetric, PerRow>>(),
                       MatrixView<const TypeParam>(narrow.data(), 1, 40),
                       MatrixView<TypeParam>(y.data(), 1, 40), isa);
    EXPECT_EQ(to_float(y[0]), largest);
  }
}

TYPED_TEST(QuantizeNumbers, NonFiniteValuesAreNamed) {
  std::vector<TypeParam> x(2 * 1100, from_float<TypeParam>(1.0f));
  x[1100 + 1050] = from_float<TypeParam>(-std::numeric_limits<float>::infinity());
  try {
    std::vector<GroupParams> params(2);
    cpu::fit(Quantizer<QuantSpec<4, Asymmetric, PerRow>>(),
             MatrixView<const TypeParam>(x.data(), 2, 1100), params);
    ADD_FAILURE();
  } catch (const NonFiniteError& error) {
    EXPECT_EQ(error.row(), 1);
    EXPECT_EQ(error.col(), 1050);
  }
}

}  // namespace
}  // namespace roste
