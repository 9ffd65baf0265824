// The verbs on matrices, against the scalar grid.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "roste/cpu/quantize.h"
#include "tests/support/random_values.h"

namespace roste {
namespace {

using cpu::MatrixView;
using testing::gaussian;

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInf = std::numeric_limits<float>::infinity();

std::vector<Scheme> schemes(std::int64_t group) {
  return {Quantizer<QuantSpec<4, Asymmetric, PerTensor>>(0.9f),
          Quantizer<QuantSpec<4, Asymmetric, PerRow>>(),
          Quantizer<QuantSpec<8, Asymmetric, PerRow, TightRange>>(),
          Quantizer<QuantSpec<3, Asymmetric, PerRow, PaperEq4>>(0.8f),
          Quantizer<QuantSpec<1, Asymmetric, PerRow>>(),
          Quantizer<QuantSpec<4, Symmetric, PerRow>>(),
          Quantizer<QuantSpec<2, Symmetric, PerGroup<kDynamic>>>(group),
          Quantizer<QuantSpec<4, Asymmetric, PerGroup<kDynamic>>>(group, 0.95f)};
}

// One group by the definition, without lanes or blocks.
void quantize_scalar(const Grid& grid, std::vector<float>& values) {
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  const GroupParams p = fit_range(grid, *low, *high);
  for (float& v : values) v = decode(encode(v, p, grid.codes), p);
}

struct Golden {
  std::vector<float> x;
  GroupParams params;
  std::vector<std::uint8_t> codes;
  std::vector<float> values;
};

TEST(Quantize, GoldenRows) {
  const Quantizer<QuantSpec<4, Asymmetric, PerRow>> a4;
  for (Golden& g : std::vector<Golden>{
           {{-3.0f, 0.0f, 0.6f, 4.5f}, {0.5f, 6}, {0, 6, 7, 15}, {-3.0f, 0.0f, 0.5f, 4.5f}},
           {{7.5f, 0.25f, 0.75f}, {0.5f, 0}, {15, 0, 2}, {7.5f, 0.0f, 1.0f}}}) {
    const std::int64_t n = static_cast<std::int64_t>(g.x.size());
    std::vector<GroupParams> params(1);
    std::vector<std::uint8_t> codes(g.x.size());
    cpu::quantize(a4, MatrixView<float>(g.x), params, MatrixView<std::uint8_t>(codes.data(), 1, n));
    EXPECT_EQ(params[0], g.params);
    EXPECT_EQ(codes, g.codes);
    std::vector<float> back(g.x.size());
    cpu::dequantize(a4, MatrixView<std::uint8_t>(codes.data(), 1, n), params,
                    MatrixView<float>(back));
    EXPECT_EQ(back, g.values);
  }
}

TEST(Quantize, QN15_AllLengthsEqualTheScalarPath) {
  std::vector<std::int64_t> lengths = {127, 129, 1023};
  for (std::int64_t n = 1; n <= 67; ++n) lengths.push_back(n);
  for (const std::int64_t n : lengths) {
    for (const Scheme& scheme : schemes(n)) {
      std::vector<float> x = gaussian(static_cast<std::uint64_t>(n), n);
      std::vector<float> expected = x;
      quantize_scalar(scheme.grid, expected);
      cpu::fake_quantize(scheme, MatrixView<float>(x));
      EXPECT_EQ(x, expected) << "length " << n;
    }
  }
}

TEST(Quantize, FakeQuantizeEqualsQuantizeThenDequantize) {
  const std::int64_t rows = 7, cols = 48;
  for (const Scheme& scheme : schemes(16)) {
    std::vector<float> x = gaussian(5, rows * cols), back(x.size()), fake(x.size());
    const MatrixView<const float> view(x.data(), rows, cols);
    const std::int64_t count = group_layout(scheme.grouping, rows, cols).count;
    std::vector<GroupParams> params(static_cast<std::size_t>(count));
    std::vector<std::int16_t> codes(x.size());
    cpu::quantize(scheme, view, params, MatrixView<std::int16_t>(codes.data(), rows, cols));
    cpu::dequantize(scheme, MatrixView<const std::int16_t>(codes.data(), rows, cols), params,
                    MatrixView<float>(back.data(), rows, cols));
    cpu::fake_quantize(scheme, view, MatrixView<float>(fake.data(), rows, cols));
    EXPECT_EQ(fake, back);
    cpu::fake_quantize(scheme, MatrixView<float>(x.data(), rows, cols));
    EXPECT_EQ(x, back) << "in place";
  }
}

TEST(Quantize, PerTensorFitsOverAllRows) {
  std::vector<float> x = {1, 2, 3, -4, 5, 11};
  std::vector<GroupParams> params(1);
  cpu::fit(Quantizer<QuantSpec<4, Asymmetric, PerTensor>>(), MatrixView<float>(x.data(), 2, 3),
           params);
  EXPECT_EQ(params[0], (GroupParams{1.0f, 4}));
}

TEST(Quantize, P13_GroupsAreIndependentAndOrderInsideDoesNotMatter) {
  const Quantizer<QuantSpec<4, Asymmetric, PerGroup<8>>> q;
  std::vector<float> x = gaussian(8, 64), poisoned = x;
  for (std::size_t i = 16; i < 24; ++i) poisoned[i] *= 1e6f;
  std::vector<float> reversed = x;
  for (std::size_t g = 0; g < 64; g += 8) {
    std::reverse(reversed.begin() + static_cast<long>(g),
                 reversed.begin() + static_cast<long>(g) + 8);
  }
  for (std::vector<float>* m : {&x, &poisoned, &reversed}) {
    cpu::fake_quantize(q, MatrixView<float>(m->data(), 2, 32));
  }
  for (std::size_t i = 0; i < 64; ++i) {
    if (i < 16 || i >= 24) {
      EXPECT_EQ(x[i], poisoned[i]);
    }
    EXPECT_EQ(x[i], reversed[i / 8 * 8 + 7 - i % 8]);
  }
}

TEST(Quantize, QN23_StridesLeaveTheGapsAlone) {
  const Quantizer<QuantSpec<4, Symmetric, PerRow>> q;
  std::vector<float> wide(3 * 25, 777.0f), narrow = gaussian(1, 3 * 20);
  for (std::size_t r = 0; r < 3; ++r) std::copy_n(&narrow[r * 20], 20, &wide[r * 25]);
  cpu::fake_quantize(q, MatrixView<float>(wide.data(), 3, 20, 25));
  cpu::fake_quantize(q, MatrixView<float>(narrow.data(), 3, 20));
  for (std::size_t i = 0; i < wide.size(); ++i) {
    EXPECT_EQ(wide[i], i % 25 < 20 ? narrow[i / 25 * 20 + i % 25] : 777.0f);
  }
}

TEST(Quantize, QN01_QN02_NonFiniteValuesAreNamed) {
  for (const float bad : {kNan, kInf, -kInf}) {
    for (const std::int64_t col : {0, 17, 33}) {
      std::vector<float> x = gaussian(3, 4 * 34);
      x[static_cast<std::size_t>(2 * 34 + col)] = bad;
      for (const Scheme& scheme : schemes(17)) {
        std::vector<float> y = x;
        try {
          cpu::fake_quantize(scheme, MatrixView<float>(y.data(), 4, 34));
          ADD_FAILURE() << "accepted " << bad;
        } catch (const NonFiniteError& error) {
          EXPECT_EQ(error.row(), 2);
          EXPECT_EQ(error.col(), col);
          EXPECT_NE(std::string(error.what()).find("row 2, column " + std::to_string(col)),
                    std::string::npos);
          EXPECT_EQ(error.below(100).row(), 102);
        }
      }
    }
  }
}

TEST(Quantize, QN14_EmptyMatrices) {
  for (const Scheme& scheme : schemes(8)) {
    std::vector<GroupParams> params;
    EXPECT_NO_THROW(cpu::fit(scheme, MatrixView<const float>(nullptr, 0, 8), params));
    EXPECT_NO_THROW(cpu::fake_quantize(scheme, MatrixView<float>(nullptr, 8, 0)));
  }
}

TEST(Quantize, ShapesAndCodeTypesThatDoNotFit) {
  std::vector<float> x(12), y(8);
  std::vector<GroupParams> one(1), three(3);
  std::vector<std::int8_t> codes(12);
  const Quantizer<QuantSpec<8, Asymmetric, PerRow>> a8;
  const Quantizer<QuantSpec<4, Symmetric, PerRow>> w4;
  const MatrixView<const float> view(x.data(), 3, 4);
  EXPECT_THROW(cpu::fit(a8, view, one), std::invalid_argument);
  EXPECT_THROW(cpu::fake_quantize(a8, view, MatrixView<float>(y.data(), 2, 4)),
               std::invalid_argument);
  EXPECT_THROW(cpu::quantize(a8, view, three, MatrixView<std::int8_t>(codes.data(), 3, 4)),
               std::invalid_argument)
      << "255 does not fit int8";
  EXPECT_NO_THROW(cpu::quantize(w4, view, three, MatrixView<std::int8_t>(codes.data(), 3, 4)));
  EXPECT_THROW(cpu::dequantize(w4, MatrixView<std::int8_t>(codes.data(), 3, 4), one,
                               MatrixView<float>(x.data(), 3, 4)),
               std::invalid_argument);
}

}  // namespace
}  // namespace roste
