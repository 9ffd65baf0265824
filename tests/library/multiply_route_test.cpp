// The ways into an integer product: floats, strides, cuts of the work.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <thread>
#include <vector>

#include "roste/cpu/multiply.h"
#include "tests/support/product_cases.h"
#include "tests/support/random_values.h"

namespace roste {
namespace {

using cpu::Isa;
using cpu::MatrixView;
using cpu::ProductWeights;
using cpu::ProductWorkspace;
using cpu::Quantized;
using cpu::ToQuantize;
using cpu::WeightPanels;
using testing::expected_product;
using testing::gaussian;
using testing::Operand;
using testing::product_of;
using testing::random_operand;
using testing::supported_isas;

using W4 = Quantizer<QuantSpec<4, Symmetric, PerRow>>;
using A4 = Quantizer<QuantSpec<4, Asymmetric, PerRow>>;
const std::vector<float> kNoBias;

// Floats quantized by the verbs of cpu/quantize.h.
Operand quantized(const Scheme& scheme, const std::vector<float>& values, std::int64_t rows) {
  const auto cols = static_cast<std::int64_t>(values.size()) / rows;
  const GroupLayout layout = group_layout(scheme.grouping, rows, cols);
  Operand operand{scheme, rows, cols, std::vector<std::int16_t>(values.size()),
                  std::vector<GroupParams>(static_cast<std::size_t>(layout.count))};
  cpu::quantize(scheme, MatrixView<const float>(values.data(), rows, cols), operand.params,
                MatrixView<std::int16_t>(operand.codes.data(), rows, cols));
  return operand;
}

struct SchemePair {
  Scheme x, w;
};

std::vector<SchemePair> scheme_pairs() {
  using A8 = Quantizer<QuantSpec<8, Asymmetric, PerRow>>;
  using W8 = Quantizer<QuantSpec<8, Symmetric, PerRow>>;
  return {{A4(), W4()},
          {A8(0.95f), W4(0.9f)},
          {W8(), A8()},
          {Quantizer<QuantSpec<4, Asymmetric, PerTensor>>(),
           Quantizer<QuantSpec<4, Symmetric, PerTensor>>()},
          {Quantizer<QuantSpec<4, Asymmetric, PerGroup<24>>>(),
           Quantizer<QuantSpec<3, Asymmetric, PerGroup<24>>>()},
          {Quantizer<QuantSpec<4, Asymmetric, PerRow, TightRange>>(),
           Quantizer<QuantSpec<4, Asymmetric, PerRow, PaperEq4>>(0.9f)}};
}

// Activations with an offset, so that zero points are not all in the middle.
std::vector<float> activations(std::int64_t count) {
  std::vector<float> x = gaussian(21, count);
  for (std::size_t i = 0; i < x.size(); ++i) x[i] += static_cast<float>(i % 7) - 1.5f;
  return x;
}

TEST(MultiplyRoute, FloatsGiveTheBitsOfQuantizeThenMultiply) {
  const std::int64_t tokens = 29, outputs = 75, inputs = 72;
  const std::vector<float> x = activations(tokens * inputs), w = gaussian(22, outputs * inputs);
  const std::vector<float> bias = gaussian(23, outputs);
  for (const SchemePair& s : scheme_pairs()) {
    const std::vector<float> expected =
        expected_product(quantized(s.x, x, tokens), quantized(s.w, w, outputs), bias);
    for (const Isa isa : supported_isas()) {
      const ProductWeights weights(ToQuantize{s.w, {w.data(), outputs, inputs}}, isa);
      EXPECT_EQ(product_of(ToQuantize{s.x, {x.data(), tokens, inputs}}, tokens, weights, bias, isa),
                expected)
          << cpu::isa_name(isa) << " " << s.x.grid.codes.max;
    }
  }
}

// Against the product of the fake-quantized matrices in double precision. With u = 2^-24: the
// dequantized values are rounded once each, 2 u sum |x w| in all; float(a), its product with s_x
// and the last step once each, 2 u |x w^T| + u |y|; second-order terms stay below 1 %.
TEST(MultiplyRoute, EqualsTheProductOfFakeQuantizedMatricesUpToRounding) {
  const std::int64_t tokens = 7, outputs = 33, inputs = 72;
  std::vector<float> x = activations(tokens * inputs), w = gaussian(24, outputs * inputs);
  const std::vector<float> bias = gaussian(25, outputs);
  for (const SchemePair& s : scheme_pairs()) {
    if (s.w.grouping.kind == Grouping::Kind::kGroup) continue;  // more roundings
    const ProductWeights weights(ToQuantize{s.w, {w.data(), outputs, inputs}});
    const std::vector<float> y = product_of(ToQuantize{s.x, {x.data(), tokens, inputs}}, tokens,
                                            weights, bias, cpu::best_isa());
    std::vector<float> xq = x, wq = w;
    cpu::fake_quantize(s.x, MatrixView<float>(xq.data(), tokens, inputs));
    cpu::fake_quantize(s.w, MatrixView<float>(wq.data(), outputs, inputs));
    for (std::int64_t m = 0; m < tokens; ++m) {
      for (std::int64_t n = 0; n < outputs; ++n) {
        double product = 0.0, magnitudes = 0.0;
        for (std::int64_t k = 0; k < inputs; ++k) {
          const double term = static_cast<double>(xq[static_cast<std::size_t>(m * inputs + k)]) *
                              wq[static_cast<std::size_t>(n * inputs + k)];
          product += term;
          magnitudes += std::fabs(term);
        }
        const double expected = product + bias[static_cast<std::size_t>(n)];
        const double bound =
            1.01 * 0x1p-24 * (2 * magnitudes + 2 * std::fabs(product) + std::fabs(expected));
        ASSERT_NEAR(y[static_cast<std::size_t>(m * outputs + n)], expected, bound);
      }
    }
  }
}

TEST(MultiplyRoute, StridedOperandsAndOnlyTheirOwnCells) {
  const std::int64_t tokens = 14, outputs = 45, inputs = 70;
  Operand x = random_operand(A4(), tokens, inputs, 26),
          w = random_operand(W4(), outputs, inputs, 27);
  const std::vector<float> expected = expected_product(x, w, kNoBias);
  std::vector<std::int16_t> wide_x(static_cast<std::size_t>(tokens * 100), 999);
  for (std::int64_t m = 0; m < tokens; ++m) {
    std::copy_n(x.codes.begin() + m * inputs, inputs, wide_x.begin() + m * 100);
  }
  for (const Isa isa : supported_isas()) {
    std::vector<float> y(static_cast<std::size_t>(tokens * 50), -7.0f);
    cpu::multiply(Quantized<std::int16_t>{x.scheme, {wide_x.data(), tokens, inputs, 100}, x.params},
                  ProductWeights(w.view()), {}, MatrixView<float>(y.data(), tokens, outputs, 50),
                  isa);
    for (std::int64_t m = 0; m < tokens; ++m) {
      const auto row = y.begin() + m * 50;
      EXPECT_TRUE(std::equal(row, row + outputs, expected.begin() + m * outputs)) << m;
      EXPECT_TRUE(std::all_of(row + outputs, row + 50, [](float v) { return v == -7.0f; })) << m;
    }
  }
}

TEST(MultiplyRoute, CutsGiveTheSameBits) {
  const std::int64_t tokens = 41, outputs = 130, inputs = 96;
  const std::vector<float> x = activations(tokens * inputs), w = gaussian(28, outputs * inputs);
  const std::vector<float> bias = gaussian(29, outputs);
  const ProductWeights weights(ToQuantize{W4(), {w.data(), outputs, inputs}});
  for (const Isa isa : supported_isas()) {
    const std::vector<float> whole =
        product_of(ToQuantize{A4(), {x.data(), tokens, inputs}}, tokens, weights, bias, isa);
    for (std::int64_t cut = 0; cut <= tokens; ++cut) {
      std::vector<float> y(whole.size());
      const auto part = [&](std::int64_t first, std::int64_t rows) {
        cpu::multiply(ToQuantize{A4(), {x.data() + first * inputs, rows, inputs}}, weights, bias,
                      MatrixView<float>(y.data() + first * outputs, rows, outputs), isa);
      };
      part(0, cut);
      part(cut, tokens - cut);
      EXPECT_EQ(y, whole) << cpu::isa_name(isa) << ", rows cut at " << cut;
    }
    for (std::int64_t cut = 0; cut <= weights.panel_count(); ++cut) {
      std::vector<float> y(whole.size());
      const auto part = [&](std::int64_t first, std::int64_t last) {
        const WeightPanels panels = weights.panels(first, last);
        const auto output =
            static_cast<std::size_t>(std::min(WeightPanels::kOutputs * first, outputs));
        cpu::multiply(
            ToQuantize{A4(), {x.data(), tokens, inputs}}, panels,
            std::span<const float>(bias).subspan(output, static_cast<std::size_t>(panels.outputs)),
            MatrixView<float>(y.data() + output, tokens, panels.outputs, outputs), isa);
      };
      std::thread other(part, 0, cut);
      part(cut, weights.panel_count());
      other.join();
      EXPECT_EQ(y, whole) << cpu::isa_name(isa) << ", panels cut at " << cut;
    }
  }
}

TEST(MultiplyRoute, ASecondCallAllocatesNothing) {
  const std::int64_t tokens = 30, outputs = 70, inputs = 200;
  const std::vector<float> x = activations(tokens * inputs), w = gaussian(30, outputs * inputs);
  std::vector<float> y(static_cast<std::size_t>(tokens * outputs));
  ProductWorkspace workspace;
  ProductWeights weights;
  const auto step = [&] {
    weights.quantize({W4(), {w.data(), outputs, inputs}}, workspace);
    cpu::multiply(ToQuantize{A4(), {x.data(), tokens, inputs}}, weights, {},
                  MatrixView<float>(y.data(), tokens, outputs), workspace);
  };
  const auto memory = [&] {
    const WeightPanels panels = weights;
    return std::vector<const void*>{workspace.codes.data(),  workspace.rows.data(),
                                    workspace.bytes.data(),  workspace.tiles.data(),
                                    workspace.params.data(), workspace.terms.data(),
                                    workspace.blocks.data(), panels.codes,
                                    panels.terms.scales,     panels.terms.zeros,
                                    panels.terms.centres};
  };
  step();
  const std::vector<const void*> before = memory();
  const std::vector<float> first = y;
  step();
  EXPECT_EQ(memory(), before);
  EXPECT_EQ(y, first);
}

// At a cache line, and at a huge page from there on.
TEST(MultiplyRoute, AlignmentOfMemory) {
  const auto address = [](const auto& vector) {
    return reinterpret_cast<std::uintptr_t>(vector.data());
  };
  for (const std::size_t count : {std::size_t{1}, cpu::kHugePage / 4 - 1}) {
    const cpu::AlignedVector<float> small(count, 1.0f);
    EXPECT_EQ(address(small) % cpu::kCacheLine, 0u);
  }
  for (const std::size_t count : {cpu::kHugePage / 4, cpu::kHugePage / 4 + 1, cpu::kHugePage}) {
    cpu::AlignedVector<float> large(count, 1.0f);
    EXPECT_EQ(address(large) % cpu::kHugePage, 0u);
    large.resize(2 * count, 2.0f);  // moves
    EXPECT_EQ(address(large) % cpu::kHugePage, 0u);
    EXPECT_EQ(large[count - 1] + large[count], 3.0f);
  }
}

// What a longer row left in the workspace meets padding of the weights that is zero.
TEST(MultiplyRoute, ShorterRowsAfterLongerOnes) {
  for (const Isa isa : supported_isas()) {
    ProductWorkspace workspace;
    for (const std::int64_t inputs : {64, 61}) {
      const Operand x = random_operand(A4(), 3, inputs, 38),
                    w = random_operand(W4(), 5, inputs, 39);
      std::vector<float> y(15);
      cpu::multiply(x.view(), ProductWeights(w.view()), {}, MatrixView<float>(y.data(), 3, 5),
                    workspace, isa);
      EXPECT_EQ(y, expected_product(x, w, kNoBias)) << cpu::isa_name(isa) << " " << inputs;
    }
  }
}

TEST(MultiplyRoute, RequantizedWeightsForgetTheOldOnes) {
  const std::vector<float> w = gaussian(31, 40 * 64), other = gaussian(32, 35 * 48);
  const std::vector<float> x = activations(3 * 48);
  ProductWorkspace workspace;
  ProductWeights weights(
      ToQuantize{Quantizer<QuantSpec<4, Asymmetric, PerRow, TightRange>>(), {w.data(), 40, 64}});
  weights.quantize({W4(), {other.data(), 35, 48}}, workspace);
  const ProductWeights fresh(ToQuantize{W4(), {other.data(), 35, 48}});
  const ToQuantize tokens{A4(), {x.data(), 3, 48}};
  EXPECT_EQ(product_of(tokens, 3, weights, kNoBias, cpu::best_isa()),
            product_of(tokens, 3, fresh, kNoBias, cpu::best_isa()));
  EXPECT_EQ(weights.bytes(), fresh.bytes());
}

// 64 outputs of 256 inputs: half a byte each up to 4 bits; scale, zero point and centre: 12 bytes.
TEST(MultiplyRoute, MemoryOfWeights) {
  const auto bytes = [](const Scheme& scheme) {
    return ProductWeights(random_operand(scheme, 64, 256, 33).view(), Isa::kPortable).bytes();
  };
  EXPECT_EQ(bytes(W4()), 64 * 256 / 2 + 64 * 12);
  EXPECT_EQ(bytes(Quantizer<QuantSpec<2, Symmetric, PerRow>>()), 64 * 256 / 2 + 64 * 12);
  EXPECT_EQ(bytes(Quantizer<QuantSpec<5, Symmetric, PerRow>>()), 64 * 256 + 64 * 12);
  EXPECT_EQ(bytes(Quantizer<QuantSpec<4, Symmetric, PerGroup<64>>>()), 64 * 256 / 2 + 64 * 4 * 12);
}

// A paired product of x and w against its definition, for every seventh output.
void expect_paired(const Operand& x, const Operand& w) {
  const ProductWeights weights(w.view(), Isa::kAvx512);
  const auto route = cpu::detail::product_route(x.scheme.grid.codes, weights, x.rows,
                                                cpu::ProductMethod::kPaired, Isa::kAvx512);
  ASSERT_EQ(route.method, cpu::ProductMethod::kPaired);
  const std::vector<float> y = product_of(x.view(), x.rows, weights, kNoBias, Isa::kAvx512);
  for (std::int64_t m = 0; m < x.rows; ++m) {
    for (std::int64_t n = m % 7; n < w.rows; n += 7) {
      ASSERT_EQ(y[static_cast<std::size_t>(m * w.rows + n)],
                testing::expected_value(x, m, w, n, 0.0f))
          << x.rows << " x " << w.rows << " x " << x.cols << " at " << m << ", " << n;
    }
  }
}

// Codes of 4 and of 6 bits, and those in groups that begin within a chunk, in tiles that widen all
// panels, one at a time in one block or in several, or none.
TEST(MultiplyRoute, PairedProductsHaveTheBitsOfTheDefinition) {
  if (!cpu::isa_supported(Isa::kAvx512)) GTEST_SKIP() << "no AVX-512";
  using A6 = Quantizer<QuantSpec<6, Asymmetric, PerRow>>;
  using G24 = Quantizer<QuantSpec<4, Asymmetric, PerGroup<24>>>;
  const auto expect = [](const Scheme& x, const Scheme& w, std::int64_t tokens,
                         std::int64_t outputs, std::int64_t inputs) {
    expect_paired(random_operand(x, tokens, inputs, 51), random_operand(w, outputs, inputs, 52));
  };
  expect(A4(), W4(), 3, 70, 64);      // one tile
  expect(A4(), W4(), 47, 70, 200);    // all panels are kept
  expect(A4(), W4(), 23, 801, 1024);  // one panel at a time
  expect(A4(), W4(), 90, 128, 8192);  // for several blocks of several tiles
  expect(A6(), A6(), 23, 70, 136);
  expect(G24(), G24(), 23, 70, 192);
}

// Zero points far outside of the codes leave pairs in their bytes.
TEST(MultiplyRoute, PairsOfCodesFarFromTheirZeroPoint) {
  if (!cpu::isa_supported(Isa::kAvx512)) GTEST_SKIP() << "no AVX-512";
  using Tight = Quantizer<QuantSpec<6, Asymmetric, PerRow, TightRange>>;
  Operand x = random_operand(Tight(), 23, 136, 54), w = random_operand(Tight(), 70, 136, 55);
  for (const std::int32_t offset : {-60, 60, 1000}) {
    for (GroupParams& params : x.params) params.zero += offset;
    for (GroupParams& params : w.params) params.zero -= offset;
    expect_paired(x, w);
  }
}

// Operands whose pairs do not fit bytes, or have no partner, are multiplied term by term.
TEST(MultiplyRoute, PairsThatDoNotFitAreNotTaken) {
  if (!cpu::isa_supported(Isa::kAvx512)) GTEST_SKIP() << "no AVX-512";
  const auto method = [](const Scheme& x, const Scheme& w, std::int64_t inputs, Isa isa) {
    const ProductWeights weights(random_operand(w, 5, inputs, 53).view(), Isa::kAvx512);
    return cpu::detail::product_route(x.grid.codes, weights, 64, cpu::ProductMethod::kPaired, isa)
        .method;
  };
  using A7 = Quantizer<QuantSpec<7, Asymmetric, PerRow>>;
  using G12 = Quantizer<QuantSpec<4, Asymmetric, PerGroup<12>>>;
  EXPECT_EQ(method(A4(), W4(), 64, Isa::kAvx512), cpu::ProductMethod::kPaired);
  EXPECT_EQ(method(A4(), W4(), 64, Isa::kAvx2), cpu::ProductMethod::kPlain);
  EXPECT_EQ(method(A7(), W4(), 64, Isa::kAvx512), cpu::ProductMethod::kPlain);
  EXPECT_EQ(method(A4(), A7(), 64, Isa::kAvx512), cpu::ProductMethod::kPlain);
  EXPECT_EQ(method(A4(), W4(), 60, Isa::kAvx512), cpu::ProductMethod::kPlain);
  EXPECT_EQ(method(A4(), G12(), 48, Isa::kAvx512), cpu::ProductMethod::kPlain);
}

}  // namespace
}  // namespace roste
