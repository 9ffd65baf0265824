// Invariants of the verbs on matrices: what a group's codes depend on, and what they do not.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <bit>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <random>
#include <thread>
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

std::vector<Scheme> schemes() {
  return {Quantizer<QuantSpec<4, Asymmetric, PerRow>>(),
          Quantizer<QuantSpec<8, Symmetric, PerRow>>(0.8f),
          Quantizer<QuantSpec<4, Symmetric, PerGroup<40>>>(),
          Quantizer<QuantSpec<3, Asymmetric, PerGroup<48, Tail::kShorter>>>(0.9f),
          Quantizer<QuantSpec<4, Asymmetric, PerGroup<5>, TightRange>>()};
}

// All that the verbs make of some rows, packed codes and gradients among them.
struct Results {
  std::vector<GroupParams> params;
  std::vector<std::int16_t> codes;
  std::vector<std::uint8_t> bytes;
  std::vector<float> values, gradients;
  bool operator==(const Results&) const = default;
};

std::size_t size_of(std::int64_t n) { return static_cast<std::size_t>(n); }

std::int64_t row_bytes(const Scheme& scheme, std::int64_t cols) {
  const int bits = std::bit_width(static_cast<unsigned>(scheme.grid.codes.max) -
                                  static_cast<unsigned>(scheme.grid.codes.min));
  return static_cast<std::int64_t>(packed_bytes(size_of(cols), bits));
}

Results room(const Scheme& scheme, std::int64_t rows, std::int64_t cols) {
  const std::size_t size = size_of(rows * cols);
  return {std::vector<GroupParams>(size_of(group_layout(scheme.grouping, rows, cols).count)),
          std::vector<std::int16_t>(size),
          std::vector<std::uint8_t>(size_of(rows * row_bytes(scheme, cols))),
          std::vector<float>(size), std::vector<float>(size)};
}

// The results of x, which is rows [first, first + x.rows) of a matrix, in their places.
void write_results(const Scheme& scheme, MatrixView<const float> x, std::int64_t first, Isa isa,
                   Results& all) {
  const std::int64_t per_row = group_layout(scheme.grouping, 1, x.cols).count;
  const std::int64_t width = row_bytes(scheme, x.cols), at = first * x.cols;
  const std::span<GroupParams> params =
      std::span(all.params).subspan(size_of(first * per_row), size_of(x.rows * per_row));
  const MatrixView<std::int16_t> codes(all.codes.data() + at, x.rows, x.cols);
  const MatrixView<float> values(all.values.data() + at, x.rows, x.cols);
  const MatrixView<float> gradients(all.gradients.data() + at, x.rows, x.cols);
  const std::vector<float> ones(size_of(x.rows * x.cols), 1.0f);
  cpu::quantize_packed(scheme, x, params,
                       MatrixView<std::uint8_t>(all.bytes.data() + first * width, x.rows, width),
                       isa);
  cpu::quantize(scheme, x, params, codes, isa);
  cpu::fake_quantize(scheme, x, values, isa);
  cpu::fake_quantize_backward<ClippedStraightThrough>(
      scheme, x, MatrixView<const float>(ones.data(), x.rows, x.cols), gradients, isa);
}

Results results_of(const Scheme& scheme, MatrixView<const float> x, Isa isa) {
  Results all = room(scheme, x.rows, x.cols);
  write_results(scheme, x, 0, isa, all);
  return all;
}

constexpr std::int64_t kRows = 6, kCols = 120;

MatrixView<const float> view_of(const std::vector<float>& x) { return {x.data(), kRows, kCols}; }

// The group of every value.
std::vector<std::int64_t> group_numbers(const Scheme& scheme) {
  const GroupLayout layout = group_layout(scheme.grouping, kRows, kCols);
  std::vector<std::int64_t> numbers;
  for (std::int64_t i = 0; i < kRows * kCols; ++i) {
    numbers.push_back(i / kCols * layout.groups_per_row + i % kCols / layout.run);
  }
  return numbers;
}

TEST(MatrixInvariants, P13_PermutingAGroupPermutesItsCodes) {
  const std::vector<float> x = gaussian(3, kRows * kCols);
  for (const Scheme& scheme : schemes()) {
    const std::vector<std::int64_t> group = group_numbers(scheme);
    std::vector<std::size_t> order(x.size());  // of the sources: shuffled, then sorted by group
    std::iota(order.begin(), order.end(), 0);
    std::shuffle(order.begin(), order.end(), std::mt19937_64(8));
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return group[a] < group[b]; });
    std::vector<float> permuted;
    for (const std::size_t i : order) permuted.push_back(x[i]);
    for (const Isa isa : supported_isas()) {
      const Results before = results_of(scheme, view_of(x), isa);
      const Results after = results_of(scheme, view_of(permuted), isa);
      EXPECT_EQ(after.params, before.params);
      for (std::size_t i = 0; i < order.size(); ++i) {
        ASSERT_EQ(after.codes[i], before.codes[order[i]]) << cpu::isa_name(isa);
        ASSERT_EQ(after.values[i], before.values[order[i]]) << cpu::isa_name(isa);
        ASSERT_EQ(after.gradients[i], before.gradients[order[i]]) << cpu::isa_name(isa);
      }
    }
  }
}

// Every group in turn is multiplied by 1e30; no other one may notice.
TEST(MatrixInvariants, P13_AnOutlierStaysInItsGroup) {
  const std::vector<float> x = gaussian(4, kRows * kCols);
  for (const Scheme& scheme : schemes()) {
    const std::vector<std::int64_t> group = group_numbers(scheme);
    for (const Isa isa : supported_isas()) {
      const Results before = results_of(scheme, view_of(x), isa);
      for (std::int64_t poisoned = 0; poisoned <= group.back(); ++poisoned) {
        std::vector<float> y = x;
        for (std::size_t i = 0; i < y.size(); ++i) y[i] *= group[i] == poisoned ? 1e30f : 1.0f;
        const Results after = results_of(scheme, view_of(y), isa);
        for (std::size_t i = 0; i < y.size(); ++i) {
          if (group[i] == poisoned) continue;
          ASSERT_EQ(after.codes[i], before.codes[i]) << cpu::isa_name(isa);
          ASSERT_EQ(after.values[i], before.values[i]) << cpu::isa_name(isa);
          ASSERT_EQ(after.gradients[i], before.gradients[i]) << cpu::isa_name(isa);
        }
        for (std::int64_t g = 0; g <= group.back(); ++g) {
          ASSERT_EQ(after.params[size_of(g)] == before.params[size_of(g)], g != poisoned);
        }
      }
    }
  }
}

TEST(MatrixInvariants, P16_AnyCutIntoRowsGivesTheSameBits) {
  const std::vector<float> x = gaussian(5, kRows * kCols);
  for (const Scheme& scheme : schemes()) {
    for (const Isa isa : supported_isas()) {
      const Results whole = results_of(scheme, view_of(x), Isa::kPortable);
      for (int cuts = 0; cuts < 1 << (kRows - 1); ++cuts) {  // bit r: a part ends after row r
        Results parts = room(scheme, kRows, kCols);
        for (std::int64_t first = 0, row = 0; row < kRows; ++row) {
          if (row + 1 < kRows && (cuts >> row & 1) == 0) continue;
          write_results(scheme, {x.data() + first * kCols, row + 1 - first, kCols}, first, isa,
                        parts);
          first = row + 1;
        }
        ASSERT_TRUE(parts == whole) << cuts << " " << cpu::isa_name(isa);
      }
    }
  }
}

// Each thread takes its two rows again and again, so that whatever two calls might share is
// shared while both run.
TEST(MatrixInvariants, P16_ThreadsThatShareAMatrixDoNotMeet) {
  const std::vector<float> x = gaussian(6, kRows * kCols);
  for (const Scheme& scheme : schemes()) {
    const Results whole = results_of(scheme, view_of(x), cpu::best_isa());
    Results parts = room(scheme, kRows, kCols);
    std::atomic<int> different = 0;
    std::vector<std::thread> threads;
    for (std::int64_t t = 0; t < 3; ++t) {
      threads.emplace_back([&, t] {
        const MatrixView<const float> rows(x.data() + t * 2 * kCols, 2, kCols);
        const Results expected = results_of(scheme, rows, Isa::kPortable);
        for (int round = 0; round < 1000; ++round) {
          different += results_of(scheme, rows, cpu::best_isa()) != expected;
        }
        write_results(scheme, rows, t * 2, cpu::best_isa(), parts);
      });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(different, 0);
    EXPECT_TRUE(parts == whole);
  }
}

// Sums over rows are added in order: one by one they are the same bits, in larger parts the same
// but for the rounding of one addition per group, all of them of positive numbers.
TEST(MatrixInvariants, P16_MeasuringPartsIsMeasuringTheWhole) {
  const std::vector<float> x = gaussian(7, kRows * kCols);
  for (const Scheme& scheme : schemes()) {
    const double groups = static_cast<double>(group_layout(scheme.grouping, kRows, kCols).count);
    for (const Isa isa : supported_isas()) {
      const ErrorSums whole = cpu::measure(scheme, view_of(x), isa);
      for (const std::int64_t rows : {1, 2, 3}) {
        ErrorSums total;
        for (std::int64_t first = 0; first < kRows; first += rows) {
          total.merge(cpu::measure(
              scheme, MatrixView<const float>(x.data() + first * kCols, rows, kCols), isa));
        }
        const bool same_order = rows == 1 && scheme.grouping.kind == Grouping::Kind::kRow;
        const double slack = same_order ? 0 : groups * 0x1p-52;
        EXPECT_NEAR(total.squared_error, whole.squared_error, slack * whole.squared_error);
        EXPECT_NEAR(total.squared_norm, whole.squared_norm, slack * whole.squared_norm);
        EXPECT_EQ(total.saturated, whole.saturated);
        EXPECT_EQ(total.count, whole.count);
        EXPECT_EQ(total.min, whole.min);
        EXPECT_EQ(total.max, whole.max);
      }
    }
  }
}

}  // namespace
}  // namespace roste
