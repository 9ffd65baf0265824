// Every instruction set against the scalar functions of core/grid.h, bit for bit.
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "roste/cpu/measure.h"
#include "roste/cpu/quantize.h"
#include "tests/support/random_values.h"

namespace roste {
namespace {

using cpu::Isa;
using cpu::MatrixView;

std::vector<Isa> isas() {
  std::vector<Isa> result;
  for (const Isa isa : cpu::kAllIsas) {
    if (cpu::isa_supported(isa)) result.push_back(isa);
  }
  return result;
}

// x encoded and fake-quantized under params by every instruction set.
void expect_scalar_codes(const std::vector<float>& x, GroupParams p, CodeRange codes) {
  const std::int64_t n = static_cast<std::int64_t>(x.size());
  for (const Isa isa : isas()) {
    std::vector<float> y(x.size());
    std::vector<std::int16_t> q(x.size());
    cpu::detail::fake_quantize_run(isa, x.data(), p, codes, n, y.data());
    cpu::detail::encode_run(isa, x.data(), p, codes, n, q.data());
    for (std::size_t i = 0; i < x.size(); ++i) {
      ASSERT_EQ(q[i], encode(x[i], p, codes)) << x[i] << " / " << p.scale << " + " << p.zero;
      ASSERT_EQ(std::bit_cast<std::uint32_t>(y[i]),
                std::bit_cast<std::uint32_t>(fake_quantize_value(x[i], p, codes)))
          << x[i] << " / " << p.scale << " + " << p.zero << " by " << cpu::isa_name(isa);
    }
    std::vector<float> back(x.size());
    cpu::detail::decode_run(isa, q.data(), p, n, back.data());
    ASSERT_EQ(std::memcmp(back.data(), y.data(), 4 * x.size()), 0);
  }
}

// Blocks of one value each, as wide as any kernel's: what is known of their range chooses the
// kernel, and no other value sends them the slow way.
void expect_scalar_codes_alone(const std::vector<float>& x, GroupParams p, CodeRange codes) {
  constexpr std::size_t kBlock = 64;
  float y[kBlock];
  std::int16_t q[kBlock];
  for (const Isa isa : isas()) {
    for (const float v : x) {
      const std::vector<float> block(kBlock, v);
      const cpu::detail::FloatRun run{block.data(), kBlock, nullptr, {v, v}};
      cpu::detail::fake_quantize_run(isa, run, p, codes, y);
      cpu::detail::encode_run(isa, run, p, codes, q);
      const std::uint32_t expected = std::bit_cast<std::uint32_t>(fake_quantize_value(v, p, codes));
      for (std::size_t i = 0; i < kBlock; ++i) {
        ASSERT_EQ(std::bit_cast<std::uint32_t>(y[i]), expected)
            << v << " / " << p.scale << " + " << p.zero << " by " << cpu::isa_name(isa);
        ASSERT_EQ(q[i], encode(v, p, codes)) << v << " / " << p.scale << " + " << p.zero;
      }
    }
  }
}

constexpr CodeRange kRanges[] = {{0, 1},   {0, 15},     {0, 16},        {-8, 7},
                                 {0, 255}, {-128, 127}, {-32768, 32767}};
constexpr float kScales[] = {1.0f,     0.1f,     1.0f / 3, 0.7390851f, 0x1p-126f, 0x1p-100f,
                             0x1p-99f, 0x1p100f, 0x1p101f, 3e38f,      1e-42f,    1.1754945e-38f};

// What rounding can get wrong is next to a tie: every half step of the range, a few beyond, and the
// 9 floats around each. What is left to get wrong shows at a value between two ties.
TEST(QuantizeIsa, TiesAndTheirNeighbours) {
  for (const CodeRange codes : kRanges) {
    for (const float scale : kScales) {
      for (const std::int32_t zero :
           {codes.min, (codes.min + codes.max) / 2, codes.max, 0, 100000, -100000, 1 << 30}) {
        std::vector<float> x;
        const int step = std::max(1, (codes.max - codes.min) / 40);
        for (int q = codes.min - 3; q <= codes.max + 3; q += step) {
          float v = (static_cast<float>(q - zero) + 0.5f) * scale;
          for (int k = 0; k < 4; ++k) v = std::nextafterf(v, -3e38f);
          for (int k = 0; k < 9; ++k, v = std::nextafterf(v, 3e38f)) {
            if (std::isfinite(v)) x.push_back(v);
          }
          const float between = (static_cast<float>(q - zero) + 0.25f) * scale;
          if (std::isfinite(between)) x.push_back(between);
        }
        expect_scalar_codes(x, {scale, zero}, codes);
        expect_scalar_codes_alone(x, {scale, zero}, codes);
      }
    }
  }
}

// All exponents and signs with 2^7 mantissas each, subnormals and the largest floats among them.
TEST(QuantizeIsa, AllExponents) {
  std::vector<float> x;
  for (std::uint32_t bits = 0; bits < 1u << 16; ++bits) {
    const float v = std::bit_cast<float>(bits << 16 | (bits * 40503u & 0xffffu));
    if (std::isfinite(v)) x.push_back(v);
  }
  for (const float scale : kScales) {
    expect_scalar_codes(x, {scale, 0}, {-8, 7});
    expect_scalar_codes(x, {scale, 6}, {0, 15});
    expect_scalar_codes(x, {scale, -3}, {0, 15});  // 0 is not in the range
    expect_scalar_codes(x, {scale, 40}, {0, 15});
    expect_scalar_codes(x, {scale, -77777}, {0, 255});
  }
}

TEST(QuantizeIsa, InfinityIsAnEndOfTheRange) {
  const float inf = std::numeric_limits<float>::infinity();
  for (std::size_t at = 0; at < 70; ++at) {
    std::vector<float> x(70, 0.5f);  // a tie, so that its neighbours need the division
    x[at] = at % 2 == 0 ? inf : -inf;
    expect_scalar_codes(x, {1.0f, 3}, {0, 15});
  }
}

// What a scan says does not depend on the place of the extremes, nor on zeros' signs.
TEST(QuantizeIsa, ScansFindTheExtremesAnywhere) {
  for (std::size_t n = 1; n <= 67; ++n) {
    for (std::size_t at = 0; at < n; ++at) {
      for (const float base : {1.0f, -1.0f}) {
        std::vector<float> low(n, base), high(n, base), bad(n, base);
        low[at] = base - 3.0f;
        high[at] = base + 0.25f;
        bad[at] = at % 2 == 0 ? std::nanf("") : -std::numeric_limits<float>::infinity();
        for (const Isa isa : isas()) {
          const std::int64_t count = static_cast<std::int64_t>(n);
          const cpu::detail::Scan l = cpu::detail::scan_run(isa, low.data(), count);
          const cpu::detail::Scan h = cpu::detail::scan_run(isa, high.data(), count);
          ASSERT_EQ(l.min, base - 3.0f);
          ASSERT_EQ(l.max, n == 1 ? base - 3.0f : base);
          ASSERT_EQ(h.max, base + 0.25f);
          ASSERT_EQ(h.min, n == 1 ? base + 0.25f : base);
          ASSERT_EQ(l.largest_magnitude,
                    std::bit_cast<std::uint32_t>(std::max(std::fabs(l.min), std::fabs(l.max))));
          ASSERT_TRUE(l.finite() && h.finite());
          ASSERT_FALSE(cpu::detail::scan_run(isa, bad.data(), count).finite());
        }
      }
    }
  }
  for (const Isa isa : isas()) {
    for (const std::vector<float>& zeros : {std::vector<float>{-0.0f}, {-0.0f, 0.0f, -0.0f}}) {
      const cpu::detail::Scan scan =
          cpu::detail::scan_run(isa, zeros.data(), static_cast<std::int64_t>(zeros.size()));
      EXPECT_FALSE(std::signbit(scan.min) || std::signbit(scan.max));
    }
  }
}

// Rows that are awkward in one way each.
std::vector<float> row_of_kind(int kind, std::int64_t n) {
  std::vector<float> x = testing::gaussian(static_cast<std::uint64_t>(kind), n);
  for (std::size_t i = 0; i < x.size(); ++i) {
    switch (kind) {
      case 0:
        x[i] = static_cast<float>(i % 31) * 0.5f;  // with 15 in it, every odd one is a tie
        break;
      case 1:
        x[i] *= 1e-42f;
        break;
      case 2:
        x[i] += 1e6f;
        break;
      case 3:
        x[i] = -2.25f;
        break;
      case 4:
        if (i == x.size() / 2) x[i] = 1e5f;
        break;
      case 5:
        x[i] *= 1e38f;
        break;
      default:
        break;
    }
  }
  return x;
}

std::vector<Scheme> schemes() {
  return {Quantizer<QuantSpec<4, Asymmetric, PerRow>>(),
          Quantizer<QuantSpec<4, Symmetric, PerRow>>(0.8f),
          Quantizer<QuantSpec<8, Asymmetric, PerRow, TightRange>>(),
          Quantizer<QuantSpec<3, Asymmetric, PerRow, PaperEq4>>(0.9f),
          Quantizer<QuantSpec<2, Symmetric, PerTensor>>(),
          Quantizer<QuantSpec<4, Asymmetric, PerGroup<20, Tail::kShorter>>>()};
}

// fit, quantize, dequantize, fake_quantize and measure of one matrix.
struct Everything {
  std::vector<GroupParams> params;
  std::vector<std::int16_t> codes;
  std::vector<float> values, fake, in_place;
  ErrorSums sums;
};

Everything run_all(const Scheme& scheme, MatrixView<const float> x, Isa isa) {
  const std::size_t size = static_cast<std::size_t>(x.rows * x.cols);
  const std::int64_t groups = group_layout(scheme.grouping, x.rows, x.cols).count;
  Everything e{std::vector<GroupParams>(static_cast<std::size_t>(groups)),
               std::vector<std::int16_t>(size),
               std::vector<float>(size),
               std::vector<float>(size),
               std::vector<float>(size),
               {}};
  cpu::quantize(scheme, x, e.params, MatrixView<std::int16_t>(e.codes.data(), x.rows, x.cols), isa);
  cpu::dequantize(scheme, MatrixView<std::int16_t>(e.codes.data(), x.rows, x.cols), e.params,
                  MatrixView<float>(e.values.data(), x.rows, x.cols), isa);
  cpu::fake_quantize(scheme, x, MatrixView<float>(e.fake.data(), x.rows, x.cols), isa);
  for (std::int64_t r = 0; r < x.rows; ++r) {
    std::copy_n(x.row(r), x.cols, e.in_place.data() + r * x.cols);
  }
  cpu::fake_quantize(scheme, MatrixView<float>(e.in_place.data(), x.rows, x.cols), isa);
  e.sums = cpu::measure(scheme, x, isa);
  return e;
}

bool same_bits(const std::vector<float>& a, const std::vector<float>& b) {
  if (a.empty() || b.empty()) return a.size() == b.size();  // memcmp takes no null pointer
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), 4 * a.size()) == 0;
}

void expect_equal(const Everything& a, const Everything& b) {
  EXPECT_EQ(a.params, b.params);
  EXPECT_EQ(a.codes, b.codes);
  EXPECT_TRUE(same_bits(a.values, b.values));
  EXPECT_TRUE(same_bits(a.fake, b.values)) << "fake, dequantized";
  EXPECT_TRUE(same_bits(a.fake, b.fake));
  EXPECT_TRUE(same_bits(a.fake, b.in_place)) << "in place";
  EXPECT_EQ(a.sums.squared_error, b.sums.squared_error);
  EXPECT_EQ(a.sums.squared_norm, b.sums.squared_norm);
  EXPECT_EQ(a.sums.saturated, b.sums.saturated);
  EXPECT_EQ(a.sums.count, b.sums.count);
  EXPECT_EQ(a.sums.min, b.sums.min);
  EXPECT_EQ(a.sums.max, b.sums.max);
}

TEST(QuantizeIsa, P15_AwkwardRowsOfAllLengths) {
  for (std::int64_t n = 0; n <= 67; ++n) {
    for (int kind = 0; kind <= 6; ++kind) {
      const std::vector<float> x = row_of_kind(kind, 2 * n);
      const MatrixView<const float> view(x.data(), 2, n);
      for (const Scheme& scheme : schemes()) {
        const Everything portable = run_all(scheme, view, Isa::kPortable);
        for (const Isa isa : isas()) expect_equal(portable, run_all(scheme, view, isa));
        ASSERT_FALSE(::testing::Test::HasFailure()) << "kind " << kind << ", length " << n;
      }
    }
  }
}

// Rows of a large matrix take the path that asks for the next one ahead.
TEST(QuantizeIsa, LargeAndStridedMatrices) {
  const std::int64_t rows = 130, cols = 2048 + 17, stride = cols + 13;
  const std::vector<float> x = testing::gaussian(5, rows * stride);
  const MatrixView<const float> view(x.data(), rows, cols, stride);
  const Quantizer<QuantSpec<4, Asymmetric, PerRow>> q;
  const Everything portable = run_all(q, view, Isa::kPortable);
  for (const Isa isa : isas()) expect_equal(portable, run_all(q, view, isa));
}

TEST(QuantizeIsa, P16_AlignmentDoesNotMatter) {
  const std::int64_t n = 150;
  const std::vector<float> x = testing::gaussian(9, n);
  const Quantizer<QuantSpec<4, Asymmetric, PerRow>> q;
  const Everything expected = run_all(q, MatrixView<const float>(x), Isa::kPortable);
  alignas(64) float moved[256];
  for (const Isa isa : isas()) {
    for (std::size_t offset = 0; offset < 16; ++offset) {
      std::copy(x.begin(), x.end(), moved + offset);
      expect_equal(expected, run_all(q, MatrixView<const float>(moved + offset, 1, n), isa));
    }
  }
}

TEST(QuantizeIsa, CodesBesideARunAreLeftAlone) {
  const std::vector<float> x = testing::gaussian(2, 80);
  for (const Isa isa : isas()) {
    for (std::int64_t n = 0; n <= 67; ++n) {
      std::vector<std::uint8_t> codes(80, 0xaa);
      std::vector<std::int16_t> words(80, 0x5a5a);
      std::vector<float> y(80, 777.0f);
      cpu::detail::encode_run(isa, x.data(), {0.3f, 8}, {0, 15}, n, codes.data());
      cpu::detail::encode_run(isa, x.data(), {0.3f, 8}, {0, 15}, n, words.data());
      cpu::detail::fake_quantize_run(isa, x.data(), {0.3f, 8}, {0, 15}, n, y.data());
      for (std::size_t i = static_cast<std::size_t>(n); i < 80; ++i) {
        ASSERT_EQ(codes[i], 0xaa);
        ASSERT_EQ(words[i], 0x5a5a);
        ASSERT_EQ(y[i], 777.0f);
      }
    }
  }
}

TEST(QuantizeIsa, NonFiniteValuesAreNamedByEveryInstructionSet) {
  for (const Isa isa : isas()) {
    for (const std::int64_t col : {0, 15, 16, 63, 64, 70}) {
      std::vector<float> x = testing::gaussian(3, 3 * 71);
      x[static_cast<std::size_t>(71 + col)] = std::nanf("");
      const std::vector<float> before = x;
      try {
        cpu::fake_quantize(Quantizer<QuantSpec<4, Asymmetric, PerRow>>(),
                           MatrixView<float>(x.data(), 3, 71), isa);
        ADD_FAILURE();
      } catch (const NonFiniteError& error) {
        EXPECT_EQ(error.row(), 1);
        EXPECT_EQ(error.col(), col);
      }
      EXPECT_EQ(std::memcmp(&before[71], &x[71], 71 * 4), 0) << "its group is untouched";
    }
  }
}

// QN-19: a scale of 2 is fine, one that no group has is not.
TEST(QuantizeIsa, QN19_ParamsFromOutside) {
  const Quantizer<QuantSpec<4, Asymmetric, PerRow>> q;
  const std::vector<float> x = {1, 2, 3};
  std::vector<std::uint8_t> codes(3);
  const MatrixView<std::uint8_t> view(codes.data(), 1, 3);
  const float inf = std::numeric_limits<float>::infinity();
  for (const float scale : {0.0f, -1.0f, std::nanf(""), inf}) {
    const std::vector<GroupParams> params = {{scale, 0}};
    EXPECT_THROW(cpu::encode(q, MatrixView<const float>(x), params, view), std::invalid_argument)
        << scale;
  }
  constexpr std::int32_t kLargest = 1 << 30;
  std::vector<float> y(3);
  for (const std::int32_t zero : {std::numeric_limits<std::int32_t>::min(), -kLargest - 1,
                                  kLargest + 1, std::numeric_limits<std::int32_t>::max()}) {
    const std::vector<GroupParams> far = {{1.0f, zero}};
    EXPECT_THROW(cpu::dequantize(q, view, far, MatrixView<float>(y)), std::invalid_argument)
        << zero;
  }
  for (const std::int32_t zero : {-kLargest, kLargest}) {
    const std::vector<GroupParams> farthest = {{1.0f, zero}};
    cpu::dequantize(q, view, farthest, MatrixView<float>(y));
    EXPECT_EQ(y[0], static_cast<float>(-zero));
  }
  const std::vector<GroupParams> fine = {{2.0f, 0}};
  EXPECT_NO_THROW(cpu::encode(q, MatrixView<const float>(x), fine, view));
  EXPECT_EQ(codes, (std::vector<std::uint8_t>{0, 1, 2}));  // 0.5, 1 and 1.5
}

}  // namespace
}  // namespace roste
