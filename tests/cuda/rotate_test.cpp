// The rotation kernel against roste::cpu, bit for bit.
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "roste/core/grouped_product.h"
#include "roste/cpu/rotate.h"
#include "roste/cuda/body/rotate.h"
#include "roste/cuda/plan.h"
#include "tests/cuda/matrices.h"
#include "tests/cuda/teams.h"

namespace roste::cuda {
namespace {

using testing::different;
using testing::Matrix;

template <class T>
Matrix<T> rotated_by_cpu(const Rotation& rotation, Side side, const Matrix<T>& x) {
  Matrix<T> y = x;
  if (side == Side::kPlain) {
    cpu::rotate_rows(rotation, y.host());
  } else {
    cpu::rotate_rows_transposed(rotation, y.host());
  }
  return y;
}

// Every order of threads, the checked team, both sides: the same bits as roste::cpu.
template <class T>
void expect_same_as_cpu(const Rotation& rotation, Side side, const Matrix<T>& x) {
  const RotationTables tables(rotation, side);
  const Matrix<T> expected = rotated_by_cpu(rotation, side, x);
  const RotationView view = tables.host_view();
  with_values(log2_values(view, rotation_block(view)), [&](auto log2) {
    Matrix<T> y = x;
    const Lines lines = plan_lines(x.rows, x.cols, rotation_block(view), 1 << log2());
    const RotateJob<T> job{y.device(), y.device(), lines, view};  // in place
    testing::run_everywhere(
        {lines.tiles(), lines.block()}, [&] { y.values = x.values; },
        [&](auto& team) { rotate_body<log2()>(team, job); },
        [&] {
          EXPECT_EQ(different(y.values, expected.values), 0)
              << rotation.size() << " = " << rotation.blocks() << " x " << rotation.base_order()
              << " x 2^" << rotation.log2_count();
        });
  });
}

TEST(CudaRotate, SmallDimensionsGiveTheBitsOfTheCpu) {
  for (int d = 1; d <= 300; d += d < 64 ? 1 : 7) {
    const Rotation rotation = Rotation::hadamard(d, 11);
    const Matrix<float> x = testing::gaussian<float>(static_cast<std::uint64_t>(d), 3, 2 * d, 5);
    expect_same_as_cpu(rotation, Side::kPlain, x);
    expect_same_as_cpu(rotation, Side::kTransposed, x);
  }
}

// Powers of two, Paley's first and second kind, and Williamson's; 4, 16 and 32 values per thread.
TEST(CudaRotate, DimensionsOfModelsGiveTheBitsOfTheCpu) {
  for (const int d : {512, 768, 896, 1024, 1376, 1536, 2048, 4096, 4864, 8960, 11008, 14336, 16384,
                      18944, 28672, 32768}) {
    const Rotation rotation = Rotation::hadamard(d, 3);
    const Matrix<float> x = testing::gaussian<float>(7, 2, d);
    expect_same_as_cpu(rotation, d % 3 == 0 ? Side::kTransposed : Side::kPlain, x);
  }
}

TEST(CudaRotate, SixteenBitNumbersRoundOnceAtTheEnd) {
  for (const int d : {64, 80, 896, 4864}) {
    const Rotation rotation = Rotation::hadamard(d, 3);
    expect_same_as_cpu(rotation, Side::kPlain, testing::gaussian<BFloat16>(1, 3, d));
    expect_same_as_cpu(rotation, Side::kTransposed, testing::gaussian<Half>(1, 3, d, 3));
  }
}

TEST(CudaRotate, NoSignsIsTheHadamardMatrixItself) {
  const Rotation rotation = Rotation::hadamard(12, 0, Signs::kNone);
  expect_same_as_cpu(rotation, Side::kPlain, testing::gaussian<float>(1, 12, 12));
}

TEST(CudaRotate, ZerosKeepTheSignsOfTheCpu) {
  for (const int d : {4, 20, 76, 128}) {
    Matrix<float> x(4, d);
    for (std::size_t i = 0; i < x.values.size(); i += 3) x.values[i] = -0.0f;
    expect_same_as_cpu(Rotation::hadamard(d, 5), Side::kPlain, x);
    expect_same_as_cpu(Rotation::hadamard(d, 5), Side::kTransposed, x);
  }
}

// A golden row: signs of seed 0 are computed by core, so the numbers here have none.
TEST(CudaRotate, GoldenRowOfFour) {
  const Rotation rotation = Rotation::hadamard(4, 0, Signs::kNone);
  const RotationTables tables(rotation, Side::kPlain);
  Matrix<float> x(1, 4);
  x.values = {1.0f, 2.0f, 3.0f, 5.0f};
  const RotateJob<float> job{x.device(), x.device(), plan_lines(1, 4, 4, 4), tables.host_view()};
  testing::run<HostTeam>({1, job.lines.block()}, ThreadOrder::kForward,
                         [&](auto& team) { rotate_body<2>(team, job); });
  EXPECT_EQ(x.values, (std::vector<float>{5.5f, -1.5f, -2.5f, 0.5f}));
}

// The factors of every term name the sum that core's index does.
TEST(TermSigns, AllSixteenTermsAreSumsOfTheirGroup) {
  const float x[4] = {1.0f, 0x1p-3f, 0x1p-6f, 0x1p-9f};
  float sums[kGroupSums];
  group_sums(x[0], x[1], x[2], x[3], sums);
  for (std::uint8_t bits = 0; bits < 16; ++bits) {
    const GroupTerm term{bits};
    const float expected = term.negative() != 0 ? -sums[term.index()] : sums[term.index()];
    float sum = 0;
    detail::add_term(term_signs(term), 0, detail::group_sum(term_signs(term), x), sum);
    EXPECT_EQ(sum, expected) << int{bits};
    detail::add_term(term_signs(term), 1, detail::group_sum(term_signs(term), x), sum);
    EXPECT_EQ(sum, 2 * expected) << int{bits};
  }
}

}  // namespace
}  // namespace roste::cuda
