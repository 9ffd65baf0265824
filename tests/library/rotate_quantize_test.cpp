// One pass gives the bits of two: rotate_quantize against rotate_rows and quantize.
#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <vector>

#include "roste/core/quantizer.h"
#include "roste/cpu/rotate_quantize.h"
#include "tests/support/random_values.h"

namespace roste {
namespace {

using cpu::Isa;
using cpu::MatrixView;
using testing::gaussian;

struct Codes {
  std::vector<GroupParams> params;
  std::vector<std::uint8_t> codes;
  std::int64_t width = 0;  // bytes of a row
};

bool operator==(const Codes& a, const Codes& b) {
  for (std::size_t g = 0; g < a.params.size(); ++g) {
    if (a.params[g].scale != b.params[g].scale || a.params[g].zero != b.params[g].zero) {
      return false;
    }
  }
  return a.params.size() == b.params.size() && a.codes == b.codes;
}

std::size_t bytes_of_row(const Scheme& scheme, std::int64_t cols) {
  return packed_bytes(static_cast<std::size_t>(cols),
                      scheme.grid.codes.max - scheme.grid.codes.min > 15 ? 8 : 4);
}

Codes room(const Scheme& scheme, std::int64_t rows, std::int64_t cols, bool packed) {
  const std::size_t row = packed ? bytes_of_row(scheme, cols) : static_cast<std::size_t>(cols);
  const std::int64_t groups = group_layout(scheme.grouping, rows, cols).count;
  return {std::vector<GroupParams>(static_cast<std::size_t>(groups)),
          std::vector<std::uint8_t>(static_cast<std::size_t>(rows) * row),
          static_cast<std::int64_t>(row)};
}

MatrixView<std::uint8_t> view_of(Codes& c, std::int64_t rows) {
  return {c.codes.data(), rows, c.width};
}

template <class T>
void expect_one_pass_equals_two(const Scheme& scheme, std::int64_t d, std::int64_t rows,
                                std::int64_t cols) {
  const Rotation rotation = Rotation::hadamard(d, 31);
  const std::int64_t stride = cols + 3;
  std::vector<T> x;
  for (const float v : gaussian(5, rows * stride)) x.push_back(from_float<T>(v));
  const MatrixView<const T> view(x.data(), rows, cols, stride);
  std::vector<float> rotated;
  for (std::int64_t r = 0; r < rows; ++r) {
    for (std::int64_t c = 0; c < cols; ++c) rotated.push_back(to_float(view.row(r)[c]));
  }
  const MatrixView<float> rotated_view(rotated.data(), rows, cols);
  cpu::rotate_rows(rotation, rotated_view, Isa::kPortable);
  Codes expected = room(scheme, rows, cols, false), packed = room(scheme, rows, cols, true);
  cpu::quantize(scheme, rotated_view, expected.params, view_of(expected, rows), Isa::kPortable);
  cpu::quantize_packed(scheme, rotated_view, packed.params, view_of(packed, rows), Isa::kPortable);
  for (const Isa isa : cpu::kAllIsas) {
    if (!cpu::isa_supported(isa)) continue;
    Codes actual = room(scheme, rows, cols, false), actual_packed = room(scheme, rows, cols, true);
    cpu::rotate_quantize(rotation, scheme, view, actual.params, view_of(actual, rows), isa);
    cpu::rotate_quantize_packed(rotation, scheme, view, actual_packed.params,
                                view_of(actual_packed, rows), isa);
    EXPECT_TRUE(actual == expected) << d << " " << cols << " " << cpu::isa_name(isa);
    EXPECT_TRUE(actual_packed == packed) << d << " " << cols << " " << cpu::isa_name(isa);
  }
}

const Scheme kPerRow4 = Quantizer<QuantSpec<4, Asymmetric, PerRow>>();

TEST(RotateQuantize, OnePassEqualsTwo) {
  const Scheme groups = Quantizer<QuantSpec<4, Asymmetric, PerGroup<32>>>();
  const Scheme eight = Quantizer<QuantSpec<8, Asymmetric, PerRow>>();
  for (const Scheme& scheme : {kPerRow4, groups, eight}) {
    for (const std::int64_t d : {512, 1024, 2048, 4096, 8192}) {
      expect_one_pass_equals_two<float>(scheme, d, 5, d);
      expect_one_pass_equals_two<BFloat16>(scheme, d, 2, 2 * d);
    }
    expect_one_pass_equals_two<float>(scheme, 64, 300, 64);    // strips of 128 rows, the last short
    expect_one_pass_equals_two<float>(scheme, 64, 5, 192);     // several runs in a row
    expect_one_pass_equals_two<float>(scheme, 896, 11, 896);   // with a base; strips of 9
    expect_one_pass_equals_two<float>(scheme, 4864, 2, 4864);  // paired; strips of 1
    expect_one_pass_equals_two<float>(scheme, 16384, 2, 16384);  // longer than a strip
    expect_one_pass_equals_two<BFloat16>(scheme, 96, 20, 96);
    expect_one_pass_equals_two<Half>(scheme, 128, 20, 128);
  }
  expect_one_pass_equals_two<float>(kPerRow4, 4, 0, 8);
  expect_one_pass_equals_two<float>(kPerRow4, 7, 3, 7);  // half a byte at the end of a row
}

TEST(RotateQuantize, SourceStays) {
  const std::vector<float> x = gaussian(6, 128);
  std::vector<float> source = x;
  Codes codes = room(kPerRow4, 2, 64, false);
  cpu::rotate_quantize(Rotation::hadamard(64, 1), kPerRow4, MatrixView<float>(source.data(), 2, 64),
                       codes.params, view_of(codes, 2));
  EXPECT_EQ(source, x);
}

TEST(RotateQuantize, NamesTheValueOfTheSourceThatIsNotFinite) {
  const std::int64_t rows = 200;
  std::vector<float> x = gaussian(6, rows * 64);
  x[150 * 64 + 37] = std::numeric_limits<float>::infinity();
  Codes codes = room(kPerRow4, rows, 64, false), packed = room(kPerRow4, rows, 64, true);
  const Rotation rotation = Rotation::hadamard(64, 1);
  const MatrixView<float> view(x.data(), rows, 64);
  try {
    cpu::rotate_quantize(rotation, kPerRow4, view, codes.params, view_of(codes, rows));
    FAIL() << "accepted";
  } catch (const NonFiniteError& e) {
    EXPECT_EQ(e.row(), 150);
    EXPECT_EQ(e.col(), 37);
    EXPECT_EQ(e.value(), std::numeric_limits<float>::infinity());
  }
  EXPECT_THROW(
      cpu::rotate_quantize_packed(rotation, kPerRow4, view, packed.params, view_of(packed, rows)),
      NonFiniteError);
}

// Rows that are scanned while they are rotated: the error is the same for every instruction set,
// and a rotated row may have one sign only, or be constant.
TEST(RotateQuantize, LongRowsThatAreOdd) {
  const std::int64_t d = 512, rows = 3;
  const Rotation plain = Rotation::hadamard(d, 1, Signs::kNone);
  std::vector<float> x(static_cast<std::size_t>(rows * d));
  for (std::int64_t i = 0; i < d; ++i) x[static_cast<std::size_t>(i)] = 1.0f;  // one value, zeros
  x[static_cast<std::size_t>(d)] = -3.0f;     // a constant, negative
  x[static_cast<std::size_t>(2 * d)] = 2.0f;  // two positive values
  x[static_cast<std::size_t>(2 * d + 1)] = 1.0f;
  const MatrixView<float> view(x.data(), rows, d);
  const Scheme tight = Quantizer<QuantSpec<4, Symmetric, PerRow>>();
  for (const Scheme& scheme : {kPerRow4, tight}) {
    Codes expected = room(scheme, rows, d, true);
    cpu::rotate_quantize_packed(plain, scheme, view, expected.params, view_of(expected, rows),
                                Isa::kPortable);
    for (const Isa isa : cpu::kAllIsas) {
      if (!cpu::isa_supported(isa)) continue;
      Codes actual = room(scheme, rows, d, true);
      cpu::rotate_quantize_packed(plain, scheme, view, actual.params, view_of(actual, rows), isa);
      EXPECT_TRUE(actual == expected) << cpu::isa_name(isa);
    }
  }
  x[static_cast<std::size_t>(d + 9)] = std::numeric_limits<float>::quiet_NaN();
  for (const Isa isa : cpu::kAllIsas) {
    if (!cpu::isa_supported(isa)) continue;
    Codes codes = room(kPerRow4, rows, d, true);
    try {
      cpu::rotate_quantize_packed(plain, kPerRow4, view, codes.params, view_of(codes, rows), isa);
      FAIL() << "accepted by " << cpu::isa_name(isa);
    } catch (const NonFiniteError& e) {
      EXPECT_EQ(e.row(), 1);
      EXPECT_EQ(e.col(), 9);
    }
  }
}

// Finite values whose sums are not: the error names the row, and the rotated value.
TEST(RotateQuantize, SumsThatOverflow) {
  std::vector<float> x(2 * 64, 1.0f);
  for (std::size_t i = 64; i < 128; ++i) x[i] = 3e38f;
  Codes codes = room(kPerRow4, 2, 64, false);
  try {
    cpu::rotate_quantize(Rotation::hadamard(64, 1, Signs::kNone), kPerRow4,
                         MatrixView<float>(x.data(), 2, 64), codes.params, view_of(codes, 2));
    FAIL() << "accepted";
  } catch (const NonFiniteError& e) {
    EXPECT_EQ(e.row(), 1);
  }
}

TEST(RotateQuantize, WhatDoesNotFit) {
  const Rotation rotation = Rotation::hadamard(64, 1);
  std::vector<float> x(128);
  const MatrixView<float> view(x.data(), 2, 64);
  Codes codes = room(kPerRow4, 2, 64, false);
  const auto codes_view = view_of(codes, 2);
  std::vector<GroupParams> three(3), one(1);
  const Scheme tensor = Quantizer<QuantSpec<4, Asymmetric, PerTensor>>();
  const MatrixView<std::uint8_t> narrow(codes.codes.data(), 2, 63);
  EXPECT_THROW(cpu::rotate_quantize(rotation, kPerRow4, view, three, codes_view),
               std::invalid_argument);
  EXPECT_THROW(cpu::rotate_quantize(rotation, kPerRow4, view, codes.params, narrow),
               std::invalid_argument);
  EXPECT_THROW(cpu::rotate_quantize_packed(rotation, kPerRow4, view, codes.params, narrow),
               std::invalid_argument);
  EXPECT_THROW(cpu::rotate_quantize(rotation, tensor, MatrixView<float>(x.data(), 1, 64), one,
                                    MatrixView<std::uint8_t>(codes.codes.data(), 1, 64)),
               std::invalid_argument);
  EXPECT_THROW(
      cpu::rotate_quantize(Rotation::hadamard(48, 1), kPerRow4, view, codes.params, codes_view),
      std::invalid_argument);
  std::vector<float> workspace(
      static_cast<std::size_t>(cpu::rotate_quantize_workspace(rotation, 64)));
  EXPECT_NO_THROW(cpu::rotate_quantize(rotation, kPerRow4, view, codes.params, codes_view,
                                       cpu::RotateWithin{workspace}));
  workspace.pop_back();
  EXPECT_THROW(cpu::rotate_quantize(rotation, kPerRow4, view, codes.params, codes_view,
                                    cpu::RotateWithin{workspace}),
               std::invalid_argument);
}

}  // namespace
}  // namespace roste
