// Matrices that are written past the caches: every value arrives, no other byte changes, and the
// verbs give the bits that they give row by row.
#include <gtest/gtest.h>

#include <cstring>
#include <stdexcept>
#include <vector>

#include "roste/cpu/detail/line_writer.h"
#include "roste/cpu/quantize.h"
#include "roste/cpu/quantize_packed.h"
#include "tests/support/random_values.h"

namespace roste {
namespace {

using cpu::Isa;
using cpu::MatrixView;
using cpu::detail::LineWriter;
constexpr std::int64_t kLine = 64;  // bytes

std::vector<Isa> isas() {
  std::vector<Isa> result;
  for (const Isa isa : cpu::kAllIsas) {
    if (cpu::isa_supported(isa)) result.push_back(isa);
  }
  return result;
}

// The k-th value that a test writes; no two neighbours, and no untouched byte, look like it.
template <class T>
T value_at(std::int64_t k) {
  return from_float<T>(static_cast<float>(k % 251 + 1));
}

// Bytes with `offset` after a line's start, filled with what no test writes.
template <class T>
struct Memory {
  Memory(std::int64_t values, std::int64_t offset)
      : bytes(static_cast<std::size_t>(values) * sizeof(T) + 4 * kLine, std::byte{0xcd}) {
    const std::uintptr_t start = reinterpret_cast<std::uintptr_t>(bytes.data()) + kLine;
    first = bytes.data() + kLine + (kLine - start % kLine) % kLine + offset;
  }
  T* data() { return reinterpret_cast<T*>(first); }

  std::vector<std::byte> bytes;
  std::byte* first;
};

// Writes all values of y, in runs of 1, 2, 3, ... up to `longest` that end with a row.
template <class T>
void write_rows(LineWriter<T>& writer, MatrixView<T> y, std::int64_t longest) {
  std::int64_t length = 0;
  for (std::int64_t row = 0; row < y.rows; ++row) {
    for (std::int64_t col = 0; col < y.cols;) {
      length = length % longest + 1;
      const std::int64_t n = std::min(length, y.cols - col);
      writer.write(y.row(row) + col, n, [&](T* place) {
        for (std::int64_t i = 0; i < n; ++i) place[i] = value_at<T>(row * y.cols + col + i);
      });
      col += n;
    }
  }
}

template <class T>
void expect_written(MatrixView<T> y, Memory<T>& memory) {
  std::vector<std::byte> expected(memory.bytes.size(), std::byte{0xcd});
  for (std::int64_t row = 0; row < y.rows; ++row) {
    for (std::int64_t col = 0; col < y.cols; ++col) {
      const T value = value_at<T>(row * y.cols + col);
      const std::byte* place = reinterpret_cast<const std::byte*>(y.row(row) + col);
      std::memcpy(expected.data() + (place - memory.bytes.data()), &value, sizeof value);
    }
  }
  ASSERT_EQ(memory.bytes, expected) << y.rows << " x " << y.cols << ", stride " << y.stride;
}

template <class T>
class LineWriterOf : public ::testing::Test {};
using NumberTypes = ::testing::Types<float, BFloat16>;
TYPED_TEST_SUITE(LineWriterOf, NumberTypes);

TYPED_TEST(LineWriterOf, P16_ContiguousRowsFromAnyOffset) {
  using T = TypeParam;
  for (const Isa isa : isas()) {
    for (std::int64_t offset = 0; offset < kLine; offset += sizeof(T)) {
      for (const std::int64_t cols : {1, 5, 31, 64, 211}) {
        Memory<T> memory(7 * cols, offset);
        const MatrixView<T> y(memory.data(), 7, cols);
        {
          LineWriter<T> writer(isa, y, 1);
          ASSERT_EQ(writer.streams(), ROSTE_X86_KERNELS != 0);
          write_rows(writer, y, 97);
        }
        expect_written(y, memory);
      }
    }
  }
}

TYPED_TEST(LineWriterOf, RunsOfAWholePiece) {
  using T = TypeParam;
  for (const Isa isa : isas()) {
    for (const std::int64_t offset : {0, 4, 60}) {
      Memory<T> memory(3 * 2500, offset);
      const MatrixView<T> y(memory.data(), 3, 2500);
      {
        LineWriter<T> writer(isa, y, 1);
        std::int64_t done = 0;
        for (; done < 3 * 2500; done += cpu::detail::kPiece) {
          const std::int64_t n = std::min(cpu::detail::kPiece, 3 * 2500 - done);
          writer.write(y.data + done, n, [&](T* place) {
            for (std::int64_t i = 0; i < n; ++i) place[i] = value_at<T>(done + i);
          });
        }
      }
      expect_written(y, memory);
    }
  }
}

TYPED_TEST(LineWriterOf, QN23_StridesLeaveTheGapsAlone) {
  using T = TypeParam;
  const std::int64_t line = kLine / static_cast<std::int64_t>(sizeof(T));
  for (const Isa isa : isas()) {
    for (const std::int64_t gap : {line, 3 * line, std::int64_t{1}}) {  // the last does not stream
      const std::int64_t cols = 4 * line, stride = cols + gap;
      Memory<T> memory(5 * stride, 0);
      const MatrixView<T> y(memory.data(), 5, cols, stride);
      {
        LineWriter<T> writer(isa, y, 1);
        EXPECT_EQ(writer.streams(), ROSTE_X86_KERNELS != 0 && gap != 1);
        write_rows(writer, y, 50);
      }
      expect_written(y, memory);
    }
  }
}

// Runs that do not follow one another, as rows that are left out.
TYPED_TEST(LineWriterOf, RunsMayLeavePlacesOut) {
  using T = TypeParam;
  for (const Isa isa : isas()) {
    Memory<T> memory(9 * 45, 0);
    {
      LineWriter<T> writer(isa, MatrixView<T>(memory.data(), 9, 45), 1);
      const MatrixView<T> every_third(memory.data(), 3, 45, 3 * 45);
      write_rows(writer, every_third, 45);
    }
    expect_written(MatrixView<T>(memory.data(), 3, 45, 3 * 45), memory);
  }
}

TEST(LineWriter, WhatWasWrittenBeforeAnErrorArrives) {
  Memory<float> memory(1000, 12);
  const MatrixView<float> y(memory.data(), 1, 1000);
  const auto write_and_throw = [&] {
    LineWriter<float> writer(cpu::best_isa(), y, 1);
    write_rows(writer, MatrixView<float>(y.data, 1, 77), 10);
    throw std::runtime_error("stops here");
  };
  EXPECT_THROW(write_and_throw(), std::runtime_error);
  expect_written(MatrixView<float>(y.data, 1, 77), memory);
}

TEST(LineWriter, StreamsOnlyLargeMatricesOfWholeLines) {
  Memory<float> memory(32, 0);  // is not written: only its address counts
  const std::int64_t rows = cpu::detail::kStreamedBytes / 4 / 1024;
  const auto streams = [&](MatrixView<float> y) {
    return LineWriter<float>(Isa::kPortable, y).streams();
  };
  const bool x86 = ROSTE_X86_KERNELS != 0;
  float* data = memory.data();
  EXPECT_EQ(streams({data, rows, 1024}), x86);
  EXPECT_EQ(streams({data + 1, rows, 1024}), x86);  // contiguous
  EXPECT_FALSE(streams({data, rows - 1, 1024}));
  EXPECT_FALSE(streams({data, rows, 1023}));
  EXPECT_EQ(streams({data, rows, 1024, 1040}), x86);
  EXPECT_FALSE(streams({data, rows, 1024, 1032}));
  EXPECT_FALSE(streams({data + 8, rows, 1024, 1040}));
  EXPECT_FALSE(streams({data, 2 * rows, 1000, 1008}));
}

// 32 MiB and a little of floats; no row starts where a line does.
constexpr std::int64_t kRows = 2100, kCols = 4001;

struct Large {
  Large() : x(testing::gaussian(5, kCols)), y(kRows * kCols, -1.0f) {
    x.resize(kRows * kCols);
    for (std::size_t i = kCols; i < x.size(); ++i) x[i] = x[i - kCols] * 1.001f;
  }
  MatrixView<const float> in() const { return {x.data(), kRows, kCols}; }
  MatrixView<float> out() { return {y.data(), kRows, kCols}; }
  // The rows of y are those that `one_row` makes, which is too small to stream.
  template <class OneRow>
  void expect_rows(OneRow&& one_row) {
    std::vector<float> expected(kCols);
    for (std::int64_t row = 0; row < kRows; ++row) {
      one_row(row, MatrixView<float>(expected));
      ASSERT_EQ(std::memcmp(expected.data(), out().row(row), 4 * kCols), 0) << row;
    }
  }
  std::vector<float> x, y;
};

TEST(LineWriter, LargeFakeQuantizeEqualsItsRows) {
  const Quantizer<QuantSpec<4, Asymmetric, PerGroup<100, Tail::kShorter>>> q;
  Large m;
  const Isa isa = cpu::best_isa();
  ASSERT_EQ(cpu::detail::writer_beside(isa, m.in(), m.out()).streams(), ROSTE_X86_KERNELS != 0);
  ASSERT_FALSE(cpu::detail::writer_beside(isa, m.out(), m.out()).streams());
  cpu::fake_quantize(q, m.in(), m.out());
  m.expect_rows([&](std::int64_t row, MatrixView<float> y) {
    cpu::fake_quantize(q, MatrixView<const float>(m.in().row(row), 1, kCols), y);
  });
}

TEST(LineWriter, LargeDequantizeEqualsItsRows) {
  const Quantizer<QuantSpec<4, Asymmetric, PerRow>> q;
  Large m;
  const std::int64_t row_bytes = (kCols + 1) / 2;
  std::vector<std::uint8_t> codes(m.x.size()), bytes(static_cast<std::size_t>(kRows * row_bytes));
  const MatrixView<std::uint8_t> wide(codes.data(), kRows, kCols);
  const MatrixView<std::uint8_t> packed(bytes.data(), kRows, row_bytes);
  std::vector<GroupParams> params(kRows);
  cpu::quantize(q, m.in(), params, wide);
  cpu::quantize_packed(q, m.in(), params, packed);
  const auto one_row = [&](std::int64_t row, MatrixView<float> y) {
    const std::span<const GroupParams> param(&params[static_cast<std::size_t>(row)], 1);
    cpu::dequantize(q, MatrixView<const std::uint8_t>(wide.row(row), 1, kCols), param, y);
  };
  for (const Isa isa : isas()) {
    m.y.assign(m.y.size(), -1.0f);
    cpu::dequantize(q, wide, params, m.out(), isa);
    m.expect_rows(one_row);
    m.y.assign(m.y.size(), -1.0f);
    cpu::dequantize_packed(q, packed, params, m.out(), isa);
    m.expect_rows(one_row);
  }
}

}  // namespace
}  // namespace roste
