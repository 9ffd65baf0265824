// Every instruction set rotates with the bits of the portable loops, whatever the shape, and the
// 16-bit types with those of float rounded once.
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <span>
#include <string>
#include <vector>

#include "roste/cpu/rotate.h"
#include "roste/cpu/walsh_hadamard.h"
#include "tests/support/random_values.h"

namespace roste {
namespace {

using cpu::Isa;
using cpu::MatrixView;
using testing::gaussian;
using Floats = std::vector<float>;

std::vector<Isa> fast_isas() {
  std::vector<Isa> isas;
  for (const Isa isa : cpu::kAllIsas) {
    if (isa != Isa::kPortable && cpu::isa_supported(isa)) isas.push_back(isa);
  }
  return isas;
}

std::vector<std::int64_t> all_dimensions() {
  std::vector<std::int64_t> dimensions;
  for (std::int64_t d = 1; d <= 300; ++d) dimensions.push_back(d);
  for (const std::int64_t d :
       {344,  352,  384,  448,  512,  688,  736,  768,  896,   928,   1020,  1024,  1248,
        1376, 1536, 2048, 2736, 4096, 4864, 5120, 8192, 11008, 14336, 16384, 18944, 32768}) {
    dimensions.push_back(d);
  }
  return dimensions;
}

// Bit for bit, so that -0 differs from +0.
::testing::AssertionResult same_bits(const Floats& a, const Floats& b) {
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (std::memcmp(&a[i], &b[i], sizeof(float)) != 0) {
      return ::testing::AssertionFailure() << "at " << i << ": " << a[i] << " and " << b[i];
    }
  }
  return ::testing::AssertionSuccess();
}

void rotate(Side side, const Rotation& rotation, MatrixView<float> x, Isa isa) {
  if (side == Side::kPlain) {
    cpu::rotate_rows(rotation, x, isa);
  } else {
    cpu::rotate_rows_transposed(rotation, x, isa);
  }
}

void rotate_columns(Side side, const Rotation& rotation, MatrixView<float> x, Isa isa) {
  if (side == Side::kPlain) {
    cpu::rotate_columns(rotation, x, isa);
  } else {
    cpu::rotate_columns_transposed(rotation, x, isa);
  }
}

constexpr Side kSides[] = {Side::kPlain, Side::kTransposed};

// Rows that lie apart, several runs in each; what lies between rows stays as it is.
TEST(RotateIsas, RowsHaveTheBitsOfThePortableLoops) {
  for (const std::int64_t d : all_dimensions()) {
    const Rotation rotation = Rotation::hadamard(d, 3);
    const std::int64_t runs = d <= 300 ? 3 : 1, stride = runs * d + 5;
    const Floats x = gaussian(static_cast<std::uint64_t>(d), 3 * stride);
    for (const Side side : kSides) {
      Floats expected = x;
      rotate(side, rotation, MatrixView<float>(expected.data(), 3, runs * d, stride),
             Isa::kPortable);
      for (const Isa isa : fast_isas()) {
        Floats actual = x;
        rotate(side, rotation, MatrixView<float>(actual.data(), 3, runs * d, stride), isa);
        EXPECT_TRUE(same_bits(actual, expected)) << d << " " << cpu::isa_name(isa);
      }
    }
  }
}

// Rows one behind the other take another way than rows apart; 1 ... 40 of them end in every way.
TEST(RotateIsas, JoinedRowsHaveTheBitsOfRowsApart) {
  for (const std::int64_t d : {1, 2, 4, 8, 12, 16, 20, 32, 48, 64, 96, 128, 256, 512}) {
    const Rotation rotation = Rotation::hadamard(d, 4);
    for (const std::int64_t rows : {1, 2, 3, 5, 17, 33, 40}) {
      const Floats x = gaussian(7, rows * d);
      for (const Side side : kSides) {
        Floats expected = x;
        for (std::int64_t r = 0; r < rows; ++r) {
          rotate(side, rotation, MatrixView<float>(expected.data() + r * d, 1, d), Isa::kPortable);
        }
        for (const Isa isa : fast_isas()) {
          Floats actual = x;
          rotate(side, rotation, MatrixView<float>(actual.data(), rows, d), isa);
          EXPECT_TRUE(same_bits(actual, expected)) << d << " " << rows << cpu::isa_name(isa);
        }
      }
    }
  }
}

TEST(RotateIsas, NoAlignmentIsNeeded) {
  for (const std::int64_t d : {8, 12, 64, 112, 512, 896}) {
    const Rotation rotation = Rotation::hadamard(d, 5);
    const Floats x = gaussian(8, 2 * d);
    Floats expected = x;
    cpu::rotate_rows(rotation, MatrixView<float>(expected.data(), 2, d), Isa::kPortable);
    for (const Isa isa : fast_isas()) {
      for (std::size_t offset = 0; offset < 16; ++offset) {  // a line of the cache has 16 floats
        Floats memory(x.size() + 16, 7.0f);
        std::copy(x.begin(), x.end(), memory.begin() + static_cast<std::ptrdiff_t>(offset));
        cpu::rotate_rows(rotation, MatrixView<float>(memory.data() + offset, 2, d), isa);
        EXPECT_TRUE(
            same_bits(Floats(memory.begin() + static_cast<std::ptrdiff_t>(offset),
                             memory.begin() + static_cast<std::ptrdiff_t>(offset + x.size())),
                      expected))
            << d << " " << offset;
        for (std::size_t i = offset + x.size(); i < memory.size(); ++i) EXPECT_EQ(memory[i], 7.0f);
        for (std::size_t i = 0; i < offset; ++i) EXPECT_EQ(memory[i], 7.0f);
      }
    }
  }
}

TEST(RotateIsas, ColumnsHaveTheBitsOfThePortableLoops) {
  for (const std::int64_t d :
       {1, 2, 7, 12, 16, 20, 28, 36, 64, 76, 92, 96, 128, 172, 512, 896, 1024}) {
    const Rotation rotation = Rotation::hadamard(d, 6);
    for (const std::int64_t cols : {1, 31, 32, 33, 96}) {
      const std::int64_t stride = cols + 3;
      const Floats x = gaussian(9, 2 * d * stride);
      for (const Side side : kSides) {
        Floats expected = x;
        rotate_columns(side, rotation, MatrixView<float>(expected.data(), 2 * d, cols, stride),
                       Isa::kPortable);
        for (const Isa isa : fast_isas()) {
          Floats actual = x;
          rotate_columns(side, rotation, MatrixView<float>(actual.data(), 2 * d, cols, stride),
                         isa);
          EXPECT_TRUE(same_bits(actual, expected)) << d << " " << cols << cpu::isa_name(isa);
        }
      }
    }
  }
}

// Powers of two stay exact through butterflies, so that the only rounding is that of the scale.
TEST(RotateIsas, SmallIntegersAreExactBeforeTheScale) {
  for (const std::int64_t d : {4, 28, 64, 76, 92, 172, 1024}) {
    const Rotation rotation = Rotation::hadamard(d, 2, Signs::kNone);
    const SignMatrix h = hadamard_matrix(static_cast<int>(d));
    const float norm = static_cast<float>(1.0 / std::sqrt(static_cast<double>(d)));
    for (const Isa isa : cpu::kAllIsas) {
      if (!cpu::isa_supported(isa)) continue;
      Floats x(static_cast<std::size_t>(d));
      for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(i * 7919 % 31) - 15;
      Floats expected;
      for (int i = 0; i < d; ++i) {
        int sum = 0;
        for (int j = 0; j < d; ++j)
          sum += h.at(i, j) * static_cast<int>(x[static_cast<std::size_t>(j)]);
        expected.push_back(static_cast<float>(sum) * norm);
      }
      cpu::rotate_rows(rotation, MatrixView<float>(x), isa);
      EXPECT_EQ(x, expected) << d << " " << cpu::isa_name(isa);
    }
  }
}

TEST(RotateOutOfPlace, SameBitsAsInPlaceAndTheSourceStays) {
  for (const std::int64_t d : {1, 12, 64, 96, 172, 256, 512, 896, 8192}) {
    const Rotation rotation = Rotation::hadamard(d, 12);
    const Floats x = gaussian(10, 3 * d);
    for (const Isa isa : cpu::kAllIsas) {
      if (!cpu::isa_supported(isa)) continue;
      Floats source = x, y(x.size()), in_place = x;
      const MatrixView<float> from(source.data(), 3, d), to(y.data(), 3, d);
      const MatrixView<float> same(in_place.data(), 3, d);
      cpu::rotate_rows(rotation, from, to, isa);
      cpu::rotate_rows(rotation, same, isa);
      EXPECT_TRUE(same_bits(y, in_place)) << d << " " << cpu::isa_name(isa);
      EXPECT_EQ(source, x);
      cpu::rotate_rows_transposed(rotation, to, from, isa);
      cpu::rotate_rows_transposed(rotation, same, isa);
      EXPECT_TRUE(same_bits(source, in_place)) << d << " " << cpu::isa_name(isa);
    }
  }
}

TEST(RotateOutOfPlace, ColumnsToo) {
  for (const std::int64_t d : {12, 64, 172}) {
    const Rotation rotation = Rotation::hadamard(d, 12);
    const std::int64_t cols = 45;
    const Floats x = gaussian(10, d * cols);
    for (const Isa isa : cpu::kAllIsas) {
      if (!cpu::isa_supported(isa)) continue;
      Floats source = x, y(x.size()), in_place = x;
      const MatrixView<float> from(source.data(), d, cols), to(y.data(), d, cols);
      cpu::rotate_columns(rotation, from, to, isa);
      cpu::rotate_columns(rotation, MatrixView<float>(in_place.data(), d, cols), isa);
      EXPECT_TRUE(same_bits(y, in_place)) << d << " " << cpu::isa_name(isa);
      EXPECT_EQ(source, x);
      cpu::rotate_columns_transposed(rotation, to, from, isa);
      cpu::rotate_columns_transposed(rotation, MatrixView<float>(in_place.data(), d, cols), isa);
      EXPECT_TRUE(same_bits(source, in_place)) << d << " " << cpu::isa_name(isa);
    }
  }
}

// Source and target may lie differently in memory.
TEST(RotateOutOfPlace, StridesOfTheirOwn) {
  for (const std::int64_t d : {12, 64, 512}) {
    const Rotation rotation = Rotation::hadamard(d, 12);
    const Floats x = gaussian(10, d * d);
    for (const Isa isa : cpu::kAllIsas) {
      if (!cpu::isa_supported(isa)) continue;
      Floats y(static_cast<std::size_t>(d * (d + 9))), in_place = x;
      const MatrixView<const float> from(x.data(), d, d);
      const MatrixView<float> to(y.data(), d, d, d + 9), same(in_place.data(), d, d);
      cpu::rotate_rows(rotation, from, to, isa);
      cpu::rotate_rows(rotation, same, isa);
      for (std::int64_t r = 0; r < d; ++r) {
        for (std::int64_t c = 0; c < d; ++c) ASSERT_EQ(to.row(r)[c], same.row(r)[c]) << d;
      }
      in_place = x;
      cpu::rotate_columns(rotation, from, to, isa);
      cpu::rotate_columns(rotation, same, isa);
      for (std::int64_t r = 0; r < d; ++r) {
        for (std::int64_t c = 0; c < d; ++c) ASSERT_EQ(to.row(r)[c], same.row(r)[c]) << d;
      }
    }
  }
}

TEST(RotateOutOfPlace, ShapesThatDiffer) {
  Floats x(64), y(64);
  const Rotation rotation = Rotation::hadamard(32, 1);
  const MatrixView<float> to(y.data(), 1, 64);
  EXPECT_THROW(cpu::rotate_rows(rotation, MatrixView<float>(x.data(), 2, 32), to),
               std::invalid_argument);
  EXPECT_THROW(cpu::rotate_columns(rotation, MatrixView<float>(x.data(), 64, 1), to),
               std::invalid_argument);
}

// The workspace serves as well as memory of the verbs' own, and nothing past its end is touched.
TEST(RotateWorkspace, SameBitsAndNothingBehindIt) {
  for (const std::int64_t d : {12, 64, 76, 896}) {
    const Rotation rotation = Rotation::hadamard(d, 13);
    const Floats x = gaussian(11, d * 40);
    for (const Isa isa : cpu::kAllIsas) {
      if (!cpu::isa_supported(isa)) continue;
      for (const std::size_t offset : {0u, 1u, 15u}) {
        Floats expected = x, actual = x;
        const MatrixView<float> same(expected.data(), 40, d), view(actual.data(), 40, d);
        const std::size_t rows_size = static_cast<std::size_t>(cpu::rotate_workspace(rotation));
        Floats memory(offset + rows_size + 1, 3.0f);
        cpu::rotate_rows(rotation, same, isa);
        cpu::rotate_rows(rotation, view, view, std::span(memory).subspan(offset, rows_size), isa);
        EXPECT_TRUE(same_bits(actual, expected)) << d;
        EXPECT_EQ(memory.back(), 3.0f);

        const MatrixView<float> tall(expected.data(), d, 40), view_tall(actual.data(), d, 40);
        const std::size_t size = static_cast<std::size_t>(cpu::rotate_columns_workspace(rotation));
        memory.assign(offset + size + 1, 3.0f);
        cpu::rotate_columns(rotation, tall, isa);
        cpu::rotate_columns(rotation, view_tall, view_tall, std::span(memory).subspan(offset, size),
                            isa);
        EXPECT_TRUE(same_bits(actual, expected)) << d;
        EXPECT_EQ(memory.back(), 3.0f);
      }
    }
  }
}

// Types of 16 bits use all of it.
TEST(RotateWorkspace, StagedRowsStayInside) {
  const Rotation rotation = Rotation::hadamard(64, 13);
  std::vector<BFloat16> x(64, from_float<BFloat16>(1.0f));
  const MatrixView<BFloat16> view(x.data(), 1, 64);
  const std::size_t size = static_cast<std::size_t>(cpu::rotate_workspace(rotation));
  for (std::size_t offset = 0; offset < 16; ++offset) {
    Floats memory(offset + size + 16, 3.0f);
    cpu::rotate_rows(rotation, view, view, std::span(memory).subspan(offset, size));
    for (std::size_t i = offset + size; i < memory.size(); ++i) ASSERT_EQ(memory[i], 3.0f);
  }
}

TEST(RotateWorkspace, TooSmallIsRefusedWithBothNumbers) {
  const Rotation rotation = Rotation::hadamard(28, 1);
  Floats x(28);
  const MatrixView<float> row(x.data(), 1, 28), column(x.data(), 28, 1);
  const std::size_t needed = static_cast<std::size_t>(cpu::rotate_workspace(rotation));
  Floats memory(needed - 1);
  try {
    cpu::rotate_rows(rotation, row, row, memory);
    FAIL() << "accepted";
  } catch (const std::invalid_argument& e) {
    const std::string text = e.what();
    EXPECT_NE(text.find(std::to_string(needed - 1)), std::string::npos) << text;
    EXPECT_NE(text.find("at least " + std::to_string(needed)), std::string::npos) << text;
  }
  EXPECT_THROW(cpu::rotate_rows_transposed(rotation, row, row, memory), std::invalid_argument);
  EXPECT_THROW(cpu::rotate_columns(rotation, column, column, memory), std::invalid_argument);
  EXPECT_THROW(cpu::rotate_columns_transposed(rotation, column, column, memory),
               std::invalid_argument);
}

// Integers stay exact, so every instruction set must give the sums of the definition.
TEST(WalshHadamard, EverySizeFromTheDefinition) {
  for (std::int64_t n = 1; n <= 2048; n *= 2) {
    const std::int64_t rows = 3, stride = n + 2;
    Floats x(static_cast<std::size_t>(rows * stride));
    for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(i * 37 % 29) - 14;
    for (const Isa isa : cpu::kAllIsas) {
      if (!cpu::isa_supported(isa)) continue;
      Floats y(x.size(), 5.0f);
      const MatrixView<float> from(x.data(), rows, n, stride), to(y.data(), rows, n, stride);
      cpu::walsh_hadamard_rows(from, to, isa);
      for (std::int64_t r = 0; r < rows; ++r) {
        for (std::int64_t i = 0; i < n; i += 1 + n / 64) {
          float sum = 0;
          for (std::int64_t j = 0; j < n; ++j) {
            const bool minus = std::popcount(static_cast<std::uint64_t>(i & j)) % 2 != 0;
            sum += minus ? -from.row(r)[j] : from.row(r)[j];
          }
          ASSERT_EQ(to.row(r)[i], sum) << n << " " << i << " " << cpu::isa_name(isa);
        }
        EXPECT_EQ(to.row(r)[n], 5.0f);
      }
    }
  }
}

TEST(WalshHadamard, EveryInstructionSetHasTheSameBits) {
  for (std::int64_t n = 1; n <= (1 << 18); n *= 2) {
    const std::int64_t rows = n < 512 ? 9 : 1;
    Floats expected = gaussian(3, rows * n);
    const Floats x = expected;
    const MatrixView<float> view(expected.data(), rows, n);
    cpu::walsh_hadamard_rows(view, view, Isa::kPortable);
    for (const Isa isa : fast_isas()) {
      Floats actual = x;
      const MatrixView<float> same(actual.data(), rows, n);
      cpu::walsh_hadamard_rows(same, same, isa);
      EXPECT_TRUE(same_bits(actual, expected)) << n << " " << cpu::isa_name(isa);
    }
  }
}

TEST(WalshHadamard, OnlyPowersOfTwo) {
  Floats x(12);
  for (const std::int64_t n : {0, 3, 12}) {
    const MatrixView<float> view(x.data(), 1, n);
    EXPECT_THROW(cpu::walsh_hadamard_rows(view, view), std::invalid_argument) << n;
  }
}

template <class T>
class RotateNumbers : public ::testing::Test {};
using SmallTypes = ::testing::Types<BFloat16, Half>;
TYPED_TEST_SUITE(RotateNumbers, SmallTypes);

// Widened, rotated in float, rounded once.
TYPED_TEST(RotateNumbers, RoundOnceAtTheEnd) {
  using T = TypeParam;
  for (const std::int64_t d : {12, 64, 96, 256}) {
    const Rotation rotation = Rotation::hadamard(d, 14);
    const std::int64_t rows = d, cols = d;
    const Floats values = gaussian(15, rows * cols);
    std::vector<T> x;
    Floats wide;
    for (const float v : values) {
      x.push_back(from_float<T>(v));
      wide.push_back(to_float(x.back()));
    }
    for (const Isa isa : cpu::kAllIsas) {
      if (!cpu::isa_supported(isa)) continue;
      for (const bool along_rows : {true, false}) {
        std::vector<T> y = x, z(x.size());
        Floats expected = wide;
        const MatrixView<T> view(y.data(), rows, cols), other(z.data(), rows, cols);
        const MatrixView<float> expected_view(expected.data(), rows, cols);
        if (along_rows) {
          cpu::rotate_rows(rotation, view, other, isa);
          cpu::rotate_rows(rotation, view, isa);
          cpu::rotate_rows(rotation, expected_view, isa);
        } else {
          cpu::rotate_columns(rotation, view, other, isa);
          cpu::rotate_columns(rotation, view, isa);
          cpu::rotate_columns(rotation, expected_view, isa);
        }
        std::size_t different = 0;
        for (std::size_t i = 0; i < y.size(); ++i) {
          different += y[i] != from_float<T>(expected[i]) || z[i] != y[i] ? 1 : 0;
        }
        EXPECT_EQ(different, 0u) << d << " " << cpu::isa_name(isa) << along_rows;
      }
    }
  }
}

// Sums of 1024 values of 100 leave the range of half and stay inside of float's.
TEST(RotateHalf, RO04_SumsAreTakenInFloat) {
  const std::int64_t d = 1024;
  std::vector<Half> x(static_cast<std::size_t>(d), from_float<Half>(100.0f));
  cpu::rotate_rows(Rotation::hadamard(d, 1, Signs::kNone), MatrixView<Half>(x.data(), 1, d));
  EXPECT_EQ(to_float(x[0]), 3200.0f);  // 100 * 1024 / 32
  for (std::size_t i = 1; i < x.size(); ++i) EXPECT_EQ(to_float(x[i]), 0.0f);
}

}  // namespace
}  // namespace roste
