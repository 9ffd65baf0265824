// What an integer product refuses, and what it says then.
#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <stdexcept>
#include <string>
#include <vector>

#include "roste/cpu/multiply.h"
#include "tests/support/product_cases.h"
#include "tests/support/random_values.h"

namespace roste {
namespace {

using cpu::Isa;
using cpu::MatrixView;
using cpu::ProductWeights;
using cpu::Quantized;
using cpu::ToQuantize;
using testing::gaussian;
using testing::Operand;
using testing::random_operand;
using testing::supported_isas;

using W4 = Quantizer<QuantSpec<4, Symmetric, PerRow>>;
using A4 = Quantizer<QuantSpec<4, Asymmetric, PerRow>>;

// What multiply says about a 2 x 8 matrix of activations and 3 x 8 weights after a change.
template <class Change>
std::string refusal(Change&& change) {
  Operand x = random_operand(A4(), 2, 8, 34), w = random_operand(W4(), 3, 8, 35);
  std::vector<float> bias(3), y(6);
  MatrixView<float> out(y.data(), 2, 3);
  try {
    change(x, w, bias, out);
    cpu::multiply(x.view(), ProductWeights(w.view()), bias, out);
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "nothing";
}

using Floats = std::vector<float>;
using Out = MatrixView<float>;

TEST(MultiplyRefusal, WrongShapes) {
  EXPECT_EQ(refusal([](Operand&, Operand&, Floats&, Out&) {}), "nothing");
  EXPECT_EQ(refusal([](Operand&, Operand& w, Floats&, Out&) { w = random_operand(W4(), 3, 9, 1); }),
            "roste: activations of 8 values times weights of 9 inputs; expected equal numbers");
  EXPECT_EQ(refusal([](Operand&, Operand&, Floats&, Out& y) { y.cols = 2; }),
            "roste: a product of 2 x 3 values into a 2 x 2 matrix; expected equal shapes");
  EXPECT_EQ(refusal([](Operand&, Operand&, Floats&, Out& y) { y.rows = 1; }),
            "roste: a product of 2 x 3 values into a 1 x 3 matrix; expected equal shapes");
  EXPECT_EQ(refusal([](Operand&, Operand&, Floats& bias, Out&) { bias.resize(4); }),
            "roste: a bias of 4 values for 3 outputs");
  EXPECT_EQ(refusal([](Operand& x, Operand&, Floats&, Out&) { x.params.pop_back(); }),
            "roste: 1 group parameters for 2 groups");
  EXPECT_EQ(refusal([](Operand&, Operand& w, Floats&, Out&) { w.params.pop_back(); }),
            "roste: 2 group parameters for 3 groups");
}

TEST(MultiplyRefusal, GroupsThatDoNotFit) {
  const auto grouped = [](std::int64_t size) {
    return Scheme{make_grid(RangeRule::kZeroIncluded, 4), {Grouping::Kind::kGroup, size}};
  };
  EXPECT_EQ(refusal([&](Operand&, Operand& w, Floats&, Out&) {
              w = random_operand(grouped(2), 3, 8, 1);
            }),
            "roste: groups of 2 weights in an integer product; expected a multiple of 4");
  EXPECT_EQ(refusal([&](Operand& x, Operand&, Floats&, Out&) {
              x = random_operand(grouped(4), 2, 8, 1);
            }),
            "roste: activations in groups of 4 values times weights in groups of 8; expected equal "
            "groups, or none");
}

TEST(MultiplyRefusal, CodesAndScalesOutsideOfTheirRange) {
  for (const std::int16_t code : std::vector<std::int16_t>{-9, 8}) {
    EXPECT_EQ(refusal([&](Operand&, Operand& w, Floats&, Out&) { w.codes[17] = code; }),
              "roste: a code in row 2 of weights; expected -8 to 7");
  }
  for (const std::int16_t code : std::vector<std::int16_t>{-1, 16}) {
    EXPECT_EQ(refusal([&](Operand& x, Operand&, Floats&, Out&) { x.codes[15] = code; }),
              "roste: a code in row 1 of activations; expected 0 to 15");
  }
  const auto scaled = [](float scale) {
    return refusal([&](Operand& x, Operand&, Floats&, Out&) { x.params[1].scale = scale; });
  };
  EXPECT_EQ(scaled(0.0f), "roste: scale 0.000000 of group 1; expected a positive finite number");
  EXPECT_EQ(scaled(std::numeric_limits<float>::quiet_NaN()),
            "roste: scale nan of group 1; expected a positive finite number");
  EXPECT_EQ(refusal([](Operand&, Operand& w, Floats&, Out&) { w.params[1].scale = -1.0f; }),
            "roste: scale -1.000000 of group 1; expected a positive finite number");
  EXPECT_EQ(
      refusal([](Operand& x, Operand&, Floats&, Out&) {
        x.scheme.grid = make_grid(RangeRule::kZeroIncluded, 9);
      }),
      "roste: activations with codes 0 to 511 in an integer product; expected at most 8 bits");
}

// What multiply says about 40 rows of activations whose last code in `row` is wrong.
std::string refusal_of_row(std::size_t row, std::int64_t inputs, Isa isa) {
  const ProductWeights weights(random_operand(W4(), 3, inputs, 41).view());
  Operand x = random_operand(A4(), 40, inputs, 40);
  x.codes[(row + 1) * static_cast<std::size_t>(inputs) - 1] = 16;
  std::vector<float> y(120);
  const testing::CodesAs<std::uint8_t> bytes(x);
  try {
    cpu::multiply(bytes.view(), weights, {}, MatrixView<float>(y.data(), 40, 3), isa);
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "nothing";
}

// Rows are checked a tile at a time, and of whole pieces of 64 codes four together; the row of the
// whole matrix is named.
TEST(MultiplyRefusal, NamesTheRowOfAWrongCode) {
  for (const Isa isa : supported_isas()) {
    for (const std::int64_t inputs : {70, 128}) {
      for (const std::size_t row : std::vector<std::size_t>{0, 1, 2, 11, 12, 25, 39}) {
        EXPECT_EQ(refusal_of_row(row, inputs, isa), "roste: a code in row " + std::to_string(row) +
                                                        " of activations; expected 0 to 15")
            << cpu::isa_name(isa) << " " << inputs;
      }
    }
  }
}

// A code outside of the range in bytes, in every place of a register and behind its end.
TEST(MultiplyRefusal, SeesEveryWrongByte) {
  for (const Isa isa : supported_isas()) {
    for (std::int64_t k = 0; k < 135; ++k) {
      std::vector<std::uint8_t> codes(135, 15);
      const std::vector<GroupParams> params(1);
      const Quantized<std::uint8_t> x{A4(), {codes.data(), 1, 135}, params};
      EXPECT_NO_THROW(ProductWeights(x, isa));
      codes[static_cast<std::size_t>(k)] = 16;
      EXPECT_THROW(ProductWeights(x, isa), std::invalid_argument) << cpu::isa_name(isa) << " " << k;
      std::vector<std::int8_t> negative(135, -8);
      const Quantized<std::int8_t> s{W4(), {negative.data(), 1, 135}, params};
      negative[static_cast<std::size_t>(k)] = k % 2 ? -9 : 8;
      EXPECT_THROW(ProductWeights(s, isa), std::invalid_argument) << cpu::isa_name(isa) << " " << k;
    }
  }
}

// 8 (15 + 10^6) 8948 > 2^31 > 8 (15 + 10^6) 268.
TEST(MultiplyRefusal, SumsThatAnInt32MightNotHold) {
  const auto far = [](std::int32_t zero) {
    return refusal([&](Operand& x, Operand& w, Floats&, Out&) {
      x.params[1].zero = -1000000;
      w.params[2].zero = zero;
    });
  };
  EXPECT_EQ(far(260), "nothing");
  EXPECT_EQ(
      far(8940),
      "roste: a sum of 8 products with |q - z| up to 1000015 (activations) and 8948 (weights) "
      "may exceed the largest int32, 2147483647; use fewer bits or ZeroIncluded ranges");
}

TEST(MultiplyRefusal, PanelsOutside) {
  const ProductWeights weights(random_operand(W4(), 33, 8, 36).view());
  EXPECT_EQ(weights.panel_count(), 2);
  EXPECT_EQ(weights.panels(1, 2).outputs, 1);
  EXPECT_EQ(weights.panels(2, 2).outputs, 0);
  EXPECT_THROW(weights.panels(1, 3), std::invalid_argument);
  EXPECT_THROW(weights.panels(-1, 1), std::invalid_argument);
  EXPECT_THROW(weights.panels(2, 1), std::invalid_argument);
}

// NonFiniteError counts rows of the whole matrix, though it is quantized in blocks.
TEST(MultiplyRefusal, NamesTheRowOfAValueThatIsNotFinite) {
  std::vector<float> x = gaussian(21, 50 * 64);
  x[40 * 64 + 3] = std::numeric_limits<float>::infinity();
  const ToQuantize rows{A4(), {x.data(), 50, 64}};
  const auto row_of = [](auto&& f) {
    try {
      f();
    } catch (const NonFiniteError& error) {
      return error.row() * 1000 + error.col();
    }
    return std::int64_t{-1};
  };
  const ProductWeights weights(random_operand(W4(), 3, 64, 37).view());
  std::vector<float> y(150);
  EXPECT_EQ(row_of([&] { cpu::multiply(rows, weights, {}, MatrixView<float>(y.data(), 50, 3)); }),
            40003);
  EXPECT_EQ(row_of([&] { ProductWeights{rows}; }), 40003);
}

}  // namespace
}  // namespace roste
