// Cases of docs/contract.md that belong to no other file: far sizes, other rounding, many threads.
#include <gtest/gtest.h>

#include <bit>
#include <cfenv>
#include <cmath>
#include <cstdint>
#include <functional>
#include <limits>
#include <thread>
#include <vector>

#include "roste/roste.h"
#include "tests/support/product_cases.h"
#include "tests/support/random_values.h"

#if defined(__SSE2__)
#include <immintrin.h>
#endif

namespace roste {
namespace {

using cpu::Isa;
using cpu::MatrixView;
using testing::gaussian;
using testing::supported_isas;

constexpr double kUnit = 0x1p-24;

std::vector<std::uint8_t> codes_of(const Scheme& scheme, MatrixView<const float> x, Isa isa) {
  const GroupLayout layout = group_layout(scheme.grouping, x.rows, x.cols);
  std::vector<GroupParams> params(static_cast<std::size_t>(layout.count));
  std::vector<std::uint8_t> codes(static_cast<std::size_t>(x.rows * x.cols));
  cpu::quantize(scheme, x, params, MatrixView<std::uint8_t>(codes.data(), x.rows, x.cols), isa);
  return codes;
}

// Values of 8 significant bits are near to ties far more often than others: a reciprocal in place
// of the division shows in 4.5e-4 of them at 4 bits.
TEST(Acceptance, QN12_ValuesRoundedToBFloat16AreDivided) {
  const Quantizer<QuantSpec<4, Asymmetric, PerRow>> quantizer;
  const CodeRange range = quantizer.scheme().grid.codes;
  const std::int64_t rows = 512, cols = 1000;
  std::vector<float> x = gaussian(12, rows * cols);
  for (float& v : x) v = to_float(from_float<BFloat16>(v));
  const MatrixView<const float> view(x.data(), rows, cols);
  std::vector<GroupParams> params(static_cast<std::size_t>(rows));
  cpu::fit(quantizer, view, params);
  std::vector<std::uint8_t> divided(x.size());
  std::int64_t reciprocal_differs = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const GroupParams p = params[i / static_cast<std::size_t>(cols)];
    const auto code = [&](float quotient) {
      const double q = static_cast<double>(std::nearbyint(quotient)) + static_cast<double>(p.zero);
      return static_cast<std::uint8_t>(std::min<double>(range.max, std::max<double>(0, q)));
    };
    divided[i] = code(x[i] / p.scale);
    if (code(x[i] * (1.0f / p.scale)) != divided[i]) ++reciprocal_differs;
  }
  EXPECT_GT(reciprocal_differs, 50) << "these inputs no longer tell a reciprocal from a division";
  for (const Isa isa : supported_isas()) EXPECT_EQ(codes_of(quantizer, view, isa), divided);
}

TEST(Acceptance, QN18_LayoutsOf2To63Values) {
  const std::int64_t large = std::int64_t{1} << 32;
  for (const Grouping::Kind kind :
       {Grouping::Kind::kTensor, Grouping::Kind::kRow, Grouping::Kind::kGroup}) {
    EXPECT_THROW(group_layout({kind, 8}, large, large), std::invalid_argument);
    EXPECT_NO_THROW(group_layout({kind, 8}, large, large / 4));
  }
  EXPECT_THROW(packed_bytes(std::numeric_limits<std::size_t>::max() / 4, 8), std::invalid_argument);
}

TEST(Acceptance, QN19_ScalesAboveOneAndSubnormalOnesAreUsed) {
  const Quantizer<QuantSpec<4, Symmetric, PerRow>> q;
  const std::vector<float> x = {-60, 0, 25, 70};
  std::vector<std::int8_t> codes(4);
  const MatrixView<std::int8_t> view(codes.data(), 1, 4);
  cpu::encode(q, MatrixView<const float>(x), std::vector<GroupParams>{{10.0f, 0}}, view);
  EXPECT_EQ(codes, (std::vector<std::int8_t>{-6, 0, 2, 7}));  // 2.5 to even
  // A constant group of a subnormal value has it as its scale (grid.h, fit_constant).
  const float tiny = 0x1p-140f;
  cpu::encode(q, MatrixView<const float>(x), std::vector<GroupParams>{{tiny, 0}}, view);
  EXPECT_EQ(codes, (std::vector<std::int8_t>{-8, 0, 7, 7}));
  for (const float bad : {0.0f, -tiny, -1.0f, std::nanf(""), HUGE_VALF}) {
    EXPECT_THROW(
        cpu::encode(q, MatrixView<const float>(x), std::vector<GroupParams>{{bad, 0}}, view),
        std::invalid_argument)
        << bad;
  }
}

// Entry (i, j) of H_2^k is (-1)^popcount(i & j); 64 outputs of each dimension in double.
TEST(Acceptance, RO01_PowersOfTwoUpTo32768) {
  for (int k = 0; k <= 15; ++k) {
    const std::int64_t d = std::int64_t{1} << k;
    const Rotation rotation = Rotation::hadamard(d, 5);
    const std::vector<float> x = gaussian(static_cast<std::uint64_t>(k), d);
    std::vector<float> y = x;
    cpu::rotate_rows(rotation, MatrixView<float>(y.data(), 1, d));
    double norm = 0;
    for (const float v : x) norm += double{v} * v;
    const std::int64_t step = std::max<std::int64_t>(1, d / 64 - 1);
    double squared_error = 0;
    std::int64_t outputs = 0;
    for (std::int64_t i = 0; i < d; i += step, ++outputs) {
      double expected = 0;
      for (std::int64_t j = 0; j < d; ++j) {
        const int sign = std::popcount(static_cast<std::uint64_t>(i & j)) % 2 ? -1 : 1;
        expected += sign * rotation.sign(j) * double{x[static_cast<std::size_t>(j)]};
      }
      expected /= std::sqrt(static_cast<double>(d));
      const double error = y[static_cast<std::size_t>(i)] - expected;
      squared_error += error * error;
    }
    // 8 u of the part of the norm that the outputs looked at have on average.
    EXPECT_LE(std::sqrt(squared_error),
              8 * kUnit * std::sqrt(norm * static_cast<double>(outputs) / static_cast<double>(d)))
        << d;
  }
}

// The dimensions of real models are m 2^k; H_m is orthogonal in integers (RO02_Every...), and so is
// its Kronecker product with H_2^k.
TEST(Acceptance, RO02_TwelveTwentyAndTwentyEightTimesPowersOfTwo) {
  for (const int base : {12, 20, 28}) {
    for (std::int64_t d = base; d <= 32768; d *= 2) {
      const HadamardFactorization f = hadamard_factorization(d);
      EXPECT_EQ(f.blocks, 1) << d;
      EXPECT_EQ(f.base_order << f.log2_count, d);
      EXPECT_LE(f.base_order, base) << d;
    }
  }
  EXPECT_EQ(hadamard_factorization(14336).base_order, 28);
}

// Odd dimensions have no Hadamard matrix: blocks of one, which only flip signs, and a note that
// names the dimension.
TEST(Acceptance, RO03_DimensionsWithoutAHadamardMatrixSaySo) {
  const Rotation seven = Rotation::hadamard(7, 1);
  EXPECT_EQ(seven.blocks(), 7);
  EXPECT_NE(seven.note().find("7"), std::string::npos) << seven.note();
  std::vector<float> x = {1, 2, 3, 4, 5, 6, 7};
  cpu::rotate_rows(seven, MatrixView<float>(x.data(), 1, 7));
  for (std::size_t i = 0; i < 7; ++i) EXPECT_EQ(std::fabs(x[i]), static_cast<float>(i + 1));
}

TEST(Acceptance, RO09_FromOneMatrixToAnotherAsInPlace) {
  for (const std::int64_t d : {1, 8, 12, 64, 384}) {
    const Rotation rotation = Rotation::hadamard(d, 9);
    for (const std::int64_t rows : {0, 1, 13}) {
      const std::vector<float> x = gaussian(3, rows * d);
      std::vector<float> in_place = x, elsewhere(x.size());
      cpu::rotate_rows(rotation, MatrixView<float>(in_place.data(), rows, d));
      cpu::rotate_rows(rotation, MatrixView<const float>(x.data(), rows, d),
                       MatrixView<float>(elsewhere.data(), rows, d));
      EXPECT_EQ(elsewhere, in_place) << d;
      cpu::rotate_rows_transposed(rotation, MatrixView<const float>(in_place.data(), rows, d),
                                  MatrixView<float>(elsewhere.data(), rows, d));
      cpu::rotate_rows_transposed(rotation, MatrixView<float>(in_place.data(), rows, d));
      EXPECT_EQ(elsewhere, in_place) << d;
    }
  }
}

// One object of each kind, used by 64 threads at a time, each with data of its own and again and
// again: all get the codes that they would get alone.
TEST(Acceptance, CD06_ConstCallsFrom64Threads) {
  constexpr std::uint64_t kThreads = 64, kRepeats = 50;
  const Rotation rotation = Rotation::hadamard(96, 3);
  const Quantizer<QuantSpec<4, Asymmetric, PerRow>> quantizer;
  const auto work = [&](std::uint64_t seed) {
    const std::vector<float> x = gaussian(seed, 16 * 96);
    std::vector<float> rotated(x.size());
    cpu::rotate_rows(rotation, MatrixView<const float>(x.data(), 16, 96),
                     MatrixView<float>(rotated.data(), 16, 96));
    return codes_of(quantizer, MatrixView<const float>(rotated.data(), 16, 96), cpu::best_isa());
  };
  std::vector<std::vector<std::uint8_t>> alone;
  for (std::uint64_t t = 0; t < kThreads; ++t) alone.push_back(work(t));
  std::vector<std::uint64_t> equal(kThreads, 0);
  std::vector<std::thread> threads;
  for (std::uint64_t t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (std::uint64_t i = 0; i < kRepeats; ++i) equal[t] += work(t) == alone[t] ? 1 : 0;
    });
  }
  for (std::thread& t : threads) t.join();
  EXPECT_EQ(equal, std::vector<std::uint64_t>(kThreads, kRepeats));
}

// A host program that rounds otherwise is told so by every verb that computes.
TEST(Acceptance, CD08_OtherRoundingIsRefused) {
  std::vector<float> x(64, 1.0f), y(64), one(1);
  std::vector<GroupParams> params(1);
  std::vector<std::uint8_t> codes(64), packed(32);
  const MatrixView<float> view(x.data(), 1, 64), out(y.data(), 1, 64);
  const MatrixView<std::uint8_t> code_view(codes.data(), 1, 64), bytes(packed.data(), 1, 32);
  const Quantizer<QuantSpec<4, Asymmetric, PerRow>> quantizer;
  const Rotation rotation = Rotation::hadamard(64, 1);
  cpu::KvCache<QuantSpec<4, Asymmetric, PerGroup<64>>> cache({1, 64}, 4);
  cache.append(view);
  cpu::quantize(quantizer, view, params, code_view);
  cpu::pack(quantizer, code_view, bytes);
  const cpu::ProductWeights weights(cpu::ToQuantize{quantizer.scheme(), view});
  const std::function<void()> verbs[] = {
      [&] { cpu::fit(quantizer, view, params); },
      [&] { cpu::encode(quantizer, view, params, code_view); },
      [&] { cpu::quantize(quantizer, view, params, code_view); },
      [&] { cpu::dequantize(quantizer, code_view, params, out); },
      [&] { cpu::fake_quantize(quantizer, view); },
      [&] { cpu::fake_quantize_backward(quantizer, view, view, out); },
      [&] { cpu::quantize_packed(quantizer, view, params, bytes); },
      [&] { cpu::dequantize_packed(quantizer, bytes, params, out); },
      [&] { cpu::rotate_quantize(rotation, quantizer, view, params, code_view); },
      [&] { cpu::measure(quantizer, view); },
      [&] { cpu::search_clip(quantizer, view, params, cpu::ClipSearch{}); },
      [&] { cpu::rotate_rows(rotation, view); },
      [&] { cpu::rotate_columns(rotation, MatrixView<float>(x.data(), 64, 1)); },
      [&] { cpu::walsh_hadamard_rows(view, out); },
      [&] {
        cpu::multiply(cpu::ToQuantize{quantizer.scheme(), view}, weights, {},
                      MatrixView<float>(one));
      },
      [&] { cpu::dequantize(weights, out); },
      [&] { cache.append(view); },
      [&] { cache.read(0, 0, out); },
      [&] { cache.dot(0, x, one); },
      [&] { cache.weighted_sum(0, one, y); }};
  for (const int mode : {FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO}) {
    for (std::size_t verb = 0; verb < std::size(verbs); ++verb) {
      std::fesetround(mode);
      EXPECT_THROW(verbs[verb](), std::runtime_error) << "verb " << verb;
      std::fesetround(FE_TONEAREST);
    }
    EXPECT_EQ(x, std::vector<float>(64, 1.0f));
  }
  for (const auto& verb : verbs) EXPECT_NO_THROW(verb());
}

// Programs that flush denormals, as the trainer does, have the same codes of all values that are
// zero or normal, however small the scale.
TEST(Acceptance, CD08_FlushingDenormalsChangesNoCode) {
#if defined(__SSE2__)
  const unsigned before = _mm_getcsr();
  for (const float factor : {1.0f, 1e-30f, 4e-37f, 1e37f}) {
    std::vector<float> x = gaussian(77, 64 * 96);
    for (float& v : x) {
      v *= factor;
      if (std::fabs(v) < kSmallestNormal) v = 0;
    }
    const MatrixView<const float> view(x.data(), 64, 96);
    for (const Isa isa : supported_isas()) {
      for (const Scheme& scheme :
           {Scheme(Quantizer<QuantSpec<4, Asymmetric, PerRow>>()),
            Scheme(Quantizer<QuantSpec<8, Asymmetric, PerGroup<32>, TightRange>>(0.9f)),
            Scheme(Quantizer<QuantSpec<2, Asymmetric, PerTensor, PaperEq4>>())}) {
        const std::vector<std::uint8_t> expected = codes_of(scheme, view, isa);
        _mm_setcsr(before | 0x8040);  // FTZ and DAZ
        const std::vector<std::uint8_t> flushed = codes_of(scheme, view, isa);
        _mm_setcsr(before);
        EXPECT_EQ(flushed, expected) << factor;
      }
    }
  }
#else
  GTEST_SKIP() << "this processor has no MXCSR";
#endif
}

}  // namespace
}  // namespace roste
