// P16: where a matrix lies in memory does not matter.
#include <gtest/gtest.h>

#include <algorithm>
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

// n numbers at every place relative to a line of the cache that their type allows, 0 ... 63 bytes.
template <class T>
struct Moved {
  std::vector<T> memory;
  T* at;
  Moved(std::int64_t n, std::size_t bytes) : memory(size_of(n) + 128 / sizeof(T)) {
    std::size_t first = 0;
    while (reinterpret_cast<std::uintptr_t>(memory.data() + first) % 64 != bytes) ++first;
    at = memory.data() + first;
  }
};

template <class T>
void expect_bits_at_every_place(const Scheme& scheme, int bits, std::int64_t rows,
                                std::int64_t cols) {
  const std::int64_t n = rows * cols,
                     width = static_cast<std::int64_t>(packed_bytes(size_of(cols), bits));
  std::vector<T> source;
  for (const float v : gaussian(9, n)) source.push_back(from_float<T>(v));
  std::vector<GroupParams> params(size_of(rows));
  std::vector<std::uint8_t> codes(size_of(n)), packed(size_of(rows * width));
  std::vector<T> values(source.size());
  const MatrixView<const T> x(source.data(), rows, cols);
  cpu::quantize(scheme, x, params, MatrixView<std::uint8_t>(codes.data(), rows, cols));
  cpu::quantize_packed(scheme, x, params, MatrixView<std::uint8_t>(packed.data(), rows, width));
  cpu::fake_quantize(scheme, x, MatrixView<T>(values.data(), rows, cols));
  const ErrorSums sums = cpu::measure(scheme, x);
  for (const Isa isa : supported_isas()) {
    for (std::size_t bytes = 0; bytes < 64; ++bytes) {
      Moved<T> from(n, bytes / sizeof(T) * sizeof(T)), to(n, bytes / sizeof(T) * sizeof(T));
      Moved<std::uint8_t> moved_codes(n, bytes), moved_packed(rows * width, bytes);
      std::copy(source.begin(), source.end(), from.at);
      const MatrixView<const T> view(from.at, rows, cols);
      const MatrixView<std::uint8_t> code_view(moved_codes.at, rows, cols);
      const MatrixView<std::uint8_t> packed_view(moved_packed.at, rows, width);
      cpu::quantize(scheme, view, params, code_view, isa);
      ASSERT_EQ(std::memcmp(moved_codes.at, codes.data(), codes.size()), 0) << bytes;
      cpu::quantize_packed(scheme, view, params, packed_view, isa);
      ASSERT_EQ(std::memcmp(moved_packed.at, packed.data(), packed.size()), 0) << bytes;
      const MatrixView<T> value_view(to.at, rows, cols);
      for (int verb = 0; verb < 3; ++verb) {
        std::fill_n(to.at, n, T{});
        if (verb == 0) cpu::fake_quantize(scheme, view, value_view, isa);
        if (verb == 1) cpu::dequantize(scheme, code_view, params, value_view, isa);
        if (verb == 2) cpu::dequantize_packed(scheme, packed_view, params, value_view, isa);
        ASSERT_EQ(std::memcmp(to.at, values.data(), values.size() * sizeof(T)), 0) << bytes;
      }
      const ErrorSums moved = cpu::measure(scheme, view, isa);
      ASSERT_EQ(moved.squared_error, sums.squared_error) << bytes;
      ASSERT_EQ(moved.saturated, sums.saturated) << bytes;
    }
  }
}

TEST(PlaceInvariants, P16_QuantizersAndMeasures) {
  const Scheme four = Quantizer<QuantSpec<4, Asymmetric, PerRow>>();
  const Scheme five = Quantizer<QuantSpec<5, Asymmetric, PerRow>>(0.7f);
  for (const auto& [scheme, bits] : {std::pair(four, 4), std::pair(five, 5)}) {
    expect_bits_at_every_place<float>(scheme, bits, 2, 203);
    expect_bits_at_every_place<BFloat16>(scheme, bits, 2, 203);
    expect_bits_at_every_place<Half>(scheme, bits, 2, 203);
  }
}

// Rows and columns of every kind of plan: short and long runs, an unpaired and a paired base.
template <class T>
void expect_rotations_at_every_place(std::int64_t d) {
  const std::int64_t other = 35, n = d * other;  // a whole tile of columns and an edge
  const Rotation rotation = Rotation::hadamard(d, 6);
  std::vector<T> source;
  for (const float v : gaussian(10, n)) source.push_back(from_float<T>(v));
  std::vector<T> rows = source, columns = source;
  cpu::rotate_rows(rotation, MatrixView<T>(rows.data(), other, d), Isa::kPortable);
  cpu::rotate_columns(rotation, MatrixView<T>(columns.data(), d, other), Isa::kPortable);
  for (const Isa isa : supported_isas()) {
    for (std::size_t bytes = 0; bytes < 64; bytes += sizeof(T)) {
      Moved<T> x(n, bytes);
      std::copy(source.begin(), source.end(), x.at);
      cpu::rotate_rows(rotation, MatrixView<T>(x.at, other, d), isa);
      ASSERT_EQ(std::memcmp(x.at, rows.data(), rows.size() * sizeof(T)), 0) << d << " " << bytes;
      std::copy(source.begin(), source.end(), x.at);
      cpu::rotate_columns(rotation, MatrixView<T>(x.at, d, other), isa);
      ASSERT_EQ(std::memcmp(x.at, columns.data(), columns.size() * sizeof(T)), 0)
          << d << " " << bytes;
    }
  }
}

TEST(PlaceInvariants, P16_Rotations) {
  for (const std::int64_t d : {4, 12, 28, 64, 192, 512}) {
    expect_rotations_at_every_place<float>(d);
    expect_rotations_at_every_place<BFloat16>(d);
  }
}

}  // namespace
}  // namespace roste
