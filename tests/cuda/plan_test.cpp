// How matrices are cut for the kernels, and what is refused before anything is launched.
#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

#include "roste/core/quantizer.h"
#include "roste/cuda/code_matrix.h"
#include "roste/cuda/plan.h"

namespace roste::cuda {
namespace {

TEST(PlanLines, ThreadsCanFoldAndBlocksAreFull) {
  for (std::int64_t length = 1; length <= 16384; length += length < 600 ? 1 : 331) {
    const Lines lines = plan_lines(1000, 2 * length, length, 16);
    EXPECT_TRUE(can_reduce(lines.threads)) << length;
    EXPECT_TRUE(can_reduce(lines.block())) << length;
    EXPECT_GE(lines.threads * 16, length);
    EXPECT_LE(lines.block(), kLargestBlock);
    EXPECT_GE(lines.block(), 129);  // at most one line less than the preferred block
    EXPECT_EQ(lines.count, 2000);
    EXPECT_GE(lines.tiles() * lines.per_tile, lines.count);
    EXPECT_LT((lines.tiles() - 1) * lines.per_tile, lines.count);
  }
}

TEST(PlanLines, RefusesWhatABlockCannotHold) {
  EXPECT_THROW(plan_lines(1, 16 * 1024 + 1, 16 * 1024 + 1, 16), std::invalid_argument);
  EXPECT_THROW(plan_lines(std::int64_t{1} << 31, 16, 16, 16), std::invalid_argument);
  EXPECT_THROW(plan_lines(1, std::int64_t{1} << 31, 16, 16), std::invalid_argument);
  EXPECT_EQ(plan_lines(0, 16, 16, 16).count, 0);
}

RotationView view_of(const RotationTables& tables) { return tables.host_view(); }

TEST(PlanGroups, NestsGroupsAndBlocksBothWays) {
  const RotationTables tables(Rotation::hadamard(128, 1), Side::kPlain);
  const RotationView view = view_of(tables);
  const auto plan = [&](std::int64_t group) {
    return plan_groups(2, 512, group_layout({Grouping::Kind::kGroup, group}, 2, 512), view);
  };
  EXPECT_EQ(plan(256).grouped.lines.length, 256);
  EXPECT_EQ(plan(256).grouped.groups_per_line, 1);
  EXPECT_EQ(plan(32).grouped.lines.length, 128);
  EXPECT_EQ(plan(32).grouped.groups_per_line, 4);
  EXPECT_EQ(plan(32).grouped.group_threads, 2);
  EXPECT_THROW(plan(8), std::invalid_argument);  // a thread holds 16 values
  const auto uneven = group_layout({Grouping::Kind::kGroup, 96}, 2, 384);
  EXPECT_THROW(plan_groups(2, 384, uneven, view), std::invalid_argument);
}

TEST(PlanGroups, LongGroupsAreNotLines) {
  const auto row = group_layout({Grouping::Kind::kRow}, 2, 40000);
  const auto tensor = group_layout({Grouping::Kind::kTensor}, 2, 16);
  EXPECT_FALSE(fits_line(row, {}));
  EXPECT_FALSE(fits_line(tensor, {}));
  EXPECT_TRUE(fits_line(group_layout({Grouping::Kind::kRow}, 2, 32768), {}));
  EXPECT_NO_THROW(check_long_groups(row, {}));
  const RotationTables tables(Rotation::hadamard(16, 1), Side::kPlain);
  EXPECT_THROW(check_long_groups(tensor, view_of(tables)), std::invalid_argument);
  const auto groups = group_layout({Grouping::Kind::kGroup, 40000}, 2, 80000);
  EXPECT_THROW(check_long_groups(groups, {}), std::invalid_argument);
}

TEST(PlanGroups, RotationsNeedWholeRuns) {
  const RotationTables tables(Rotation::hadamard(16, 1), Side::kPlain);
  EXPECT_NO_THROW(check_rotated_columns(view_of(tables), 32));
  EXPECT_THROW(check_rotated_columns(view_of(tables), 40), std::invalid_argument);
}

TEST(CodeViews, RefuseShapesTypesAndBits) {
  std::uint8_t byte = 0;
  const Grid a4 = make_grid(RangeRule::kZeroIncluded, 4), s4 = make_grid(RangeRule::kSymmetric, 4);
  const Grid a5 = make_grid(RangeRule::kZeroIncluded, 5);
  const GroupLayout rows = group_layout({Grouping::Kind::kRow}, 2, 9);
  const CodeNibbles nibbles{{&byte, 2, 5}};
  EXPECT_EQ(nibbles.checked(s4, rows, 2, 9).storage, CodeStorage::kNibbles);
  EXPECT_THROW(nibbles.checked(a5, rows, 2, 9), std::invalid_argument);
  EXPECT_THROW(nibbles.checked(a4, rows, 2, 11), std::invalid_argument);
  const GroupLayout odd = group_layout({Grouping::Kind::kGroup, 3}, 2, 9);
  EXPECT_THROW(nibbles.checked(a4, odd, 2, 9), std::invalid_argument);
  const CodeBytes bytes{DeviceMatrix<std::uint8_t>(&byte, 2, 9)};
  EXPECT_NO_THROW(bytes.checked(a4, rows, 2, 9));
  EXPECT_THROW(bytes.checked(s4, rows, 2, 9), std::invalid_argument);
  EXPECT_THROW(bytes.checked(a4, rows, 3, 9), std::invalid_argument);
  EXPECT_THROW(check_params(rows, 3), std::invalid_argument);
}

TEST(PlanElements, RefusesMoreThanAGridOfBlocks) {
  const GroupLayout layout{1, 1, 1, 1, 1};
  EXPECT_THROW(plan_elements(layout, std::int64_t{1} << 31, 1), std::invalid_argument);
  EXPECT_THROW(plan_elements(layout, (std::int64_t{1} << 31) - 1, 1 << 16), std::invalid_argument);
}

}  // namespace
}  // namespace roste::cuda
