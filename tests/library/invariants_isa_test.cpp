// Every instruction set against the scalar functions of core/, where random rows do not look.
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <vector>

#include "roste/roste.h"
#include "tests/support/product_cases.h"
#include "tests/support/random_values.h"

namespace roste {
namespace {

using cpu::Isa;
using cpu::MatrixView;
using testing::gaussian;
using testing::supported_isas;

std::size_t size_of(std::int64_t n) { return static_cast<std::size_t>(n); }

// Every exponent of a scale, none of them a power of two: products with s overflow at one end,
// those with 1 / s at the other.
TEST(IsaInvariants, P15_ScalesOfEveryExponent) {
  const CodeRange range{-32768, 32767};
  for (int exponent = -149; exponent <= 127; ++exponent) {
    const GroupParams p{std::ldexp(1.3f, exponent), 0};
    std::vector<float> x;
    for (const float u : {0.4f, 1.5f, 2.5f, 7.0f, 99.5f, 300.0f, 32767.5f, 40000.0f, 3e9f}) {
      for (const float v : {u * p.scale, -u * p.scale}) {
        if (std::isfinite(v)) x.push_back(v);
      }
    }
    x.push_back(kLargestFloat);
    for (int again = 0; again < 80; ++again)
      x.push_back(x[size_of(again)]);  // four registers at once
    const std::int64_t n = static_cast<std::int64_t>(x.size());
    for (const Isa isa : supported_isas()) {
      std::vector<float> y(x.size());
      std::vector<std::int16_t> codes(x.size());
      cpu::detail::fake_quantize_run(isa, x.data(), p, range, n, y.data());
      cpu::detail::encode_run(isa, x.data(), p, range, n, codes.data());
      for (std::size_t i = 0; i < x.size(); ++i) {
        ASSERT_EQ(codes[i], encode(x[i], p, range)) << exponent << " " << cpu::isa_name(isa);
        ASSERT_EQ(y[i], fake_quantize_value(x[i], p, range)) << exponent;
      }
    }
  }
}

// All halves by scales that are halves: the quotients of 16-bit inputs are near to ties far more
// often than those of random floats.
TEST(IsaInvariants, P15_AllHalvesByManyHalfScales) {
  std::vector<float> x;
  for (std::uint32_t bits = 0; bits < 1 << 16; ++bits) {
    const float v = to_float(Half{static_cast<std::uint16_t>(bits)});
    if (std::isfinite(v)) x.push_back(v);
  }
  const std::int64_t n = static_cast<std::int64_t>(x.size());
  std::vector<std::int16_t> expected(x.size()), codes(x.size());
  for (std::uint16_t scale = 1; scale < 0x7c00; scale = static_cast<std::uint16_t>(scale + 997)) {
    const GroupParams p{to_float(Half{scale}), 5};
    const CodeRange range{0, 255};
    std::transform(x.begin(), x.end(), expected.begin(),
                   [&](float v) { return static_cast<std::int16_t>(encode(v, p, range)); });
    for (const Isa isa : supported_isas()) {
      cpu::detail::encode_run(isa, x.data(), p, range, n, codes.data());
      ASSERT_EQ(codes, expected) << p.scale << " " << cpu::isa_name(isa);
    }
  }
}

// Codes of 8 bits and packed ones are made from words of 16 bits where u = q - z fits them; each
// value of u up to where it does not, and far beyond.
TEST(IsaInvariants, P15_BytesAndPackedCodesOfAnyZeroPoint) {
  const Quantizer<QuantSpec<4, Asymmetric, PerRow, TightRange>> q4;
  const Quantizer<QuantSpec<8, Asymmetric, PerRow, TightRange>> q8;
  const std::int64_t n = 203;
  for (const std::int32_t zero : {0, 9, -300, 32767, 32768, -32512, -32767, -32768, -40000, 65536,
                                  -65536, 100000, -1000000}) {
    for (const Scheme& scheme : {Scheme(q4), Scheme(q8)}) {
      const std::vector<GroupParams> params = {{0.5f, zero}};
      std::vector<float> x;
      std::vector<std::uint8_t> expected, codes(size_of(n)),
          bytes(packed_bytes(size_of(n), detail::width_of(scheme.grid.codes)));
      for (std::int64_t i = 0; i < n; ++i) {  // from below the range to above it
        const std::int64_t code = i * (scheme.grid.codes.max + 20) / n - 10;
        x.push_back(static_cast<float>(code - zero) * 0.5f);
        expected.push_back(
            static_cast<std::uint8_t>(encode(x.back(), params[0], scheme.grid.codes)));
      }
      std::vector<std::uint8_t> packed(bytes.size());
      pack(std::span<const std::uint8_t>(expected), scheme.grid.codes, std::span(packed));
      for (const Isa isa : supported_isas()) {
        cpu::encode(scheme, MatrixView<const float>(x), params,
                    MatrixView<std::uint8_t>(codes.data(), 1, n), isa);
        EXPECT_EQ(codes, expected) << zero << " " << cpu::isa_name(isa);
        cpu::encode_packed(scheme, MatrixView<const float>(x), params,
                           MatrixView<std::uint8_t>(bytes), isa);
        EXPECT_EQ(bytes, packed) << zero << " " << cpu::isa_name(isa);
      }
    }
  }
}

// Every gradient by its rule, for all lengths, in place and not.
TEST(IsaInvariants, P26_GradientsAreThoseOfTheirRuleOnEveryIsa) {
  const Scheme scheme = Quantizer<QuantSpec<4, Asymmetric, PerRow>>(0.5f);
  for (std::int64_t n = 1; n <= 67; ++n) {
    const std::vector<float> x = gaussian(static_cast<std::uint64_t>(n), n), dy = gaussian(77, n);
    const auto [low, high] = std::minmax_element(x.begin(), x.end());
    const GroupParams p = fit_range(scheme.grid, *low, *high);
    std::vector<float> clipped;
    for (std::size_t i = 0; i < x.size(); ++i) {
      clipped.push_back(ste_gradient<ClippedStraightThrough>(x[i], p, scheme.grid.codes, dy[i]));
    }
    for (const Isa isa : supported_isas()) {
      std::vector<float> dx(x.size()), in_place = dy;
      const MatrixView<const float> view(x), dy_view(dy);
      cpu::fake_quantize_backward<ClippedStraightThrough>(scheme, view, dy_view,
                                                          MatrixView<float>(dx), isa);
      EXPECT_EQ(dx, clipped) << n << " " << cpu::isa_name(isa);
      cpu::fake_quantize_backward<ClippedStraightThrough>(
          scheme, view, MatrixView<const float>(in_place), MatrixView<float>(in_place), isa);
      EXPECT_EQ(in_place, clipped) << n << " " << cpu::isa_name(isa);
      cpu::fake_quantize_backward(scheme, view, dy_view, MatrixView<float>(dx), isa);
      EXPECT_EQ(dx, dy);
    }
  }
}

}  // namespace
}  // namespace roste
