// The teams themselves: what a loop over threads hides, the checked team must notice.
#include <gtest/gtest.h>

#include <set>
#include <stdexcept>
#include <vector>

#include "roste/cuda/body/hadamard.h"
#include "tests/cuda/teams.h"

namespace roste::cuda {
namespace {

struct Add {
  int operator()(int a, int b) const { return a + b; }
};

// The difference a - b of integers: a tree of another shape gives another number.
struct Subtract {
  int operator()(int a, int b) const { return a - b; }
};

template <class Team>
void reverse_without(Team& team, bool barrier, std::vector<int>& result) {
  auto shared = team.template shared<int>(team.threads());
  team.each([&](int t) { shared.store(t, 10 * t); });
  if (barrier) team.sync();
  team.each(
      [&](int t) { result[static_cast<std::size_t>(t)] = shared.load(team.threads() - 1 - t); });
}

TEST(HostTeam, OrdersAreThreePermutations) {
  for (const ThreadOrder order : testing::kOrders) {
    HostTeam team({0, 1, 70}, order);
    std::vector<int> visited;
    team.each([&](int t) { visited.push_back(t); });
    EXPECT_EQ(std::set<int>(visited.begin(), visited.end()).size(), 70u);
    EXPECT_EQ(visited.size(), 70u);
    EXPECT_EQ(visited[0] == 0, order == ThreadOrder::kForward);
    EXPECT_EQ(visited[0] == 69 && visited[1] == 68, order == ThreadOrder::kReversed);
  }
}

TEST(HostTeam, AMissingBarrierCanPassUnnoticed) {
  std::vector<int> result(8);
  HostTeam team({0, 1, 8});
  reverse_without(team, false, result);
  EXPECT_EQ(result[0], 70);
}

TEST(HostTeam, FoldsNeighboursInAPinnedTree) {
  HostTeam team({0, 1, 8});
  HostTeam::Private<int> values(team);
  for (int t = 0; t < 8; ++t) values[t] = 1 << t;
  team.reduce(values, 4, Subtract{});
  // At distance 2: 1 - 4, 2 - 8, 4 - 1, 8 - 2; then at distance 1.
  EXPECT_EQ(values[0], (1 - 4) - (2 - 8));
  EXPECT_EQ(values[3], (8 - 2) - (4 - 1));
  EXPECT_EQ(values[4], 16 * values[0]);
}

TEST(HostTeam, FoldsWarpsInAscendingOrder) {
  HostTeam team({0, 1, 192});
  HostTeam::Private<int> values(team);
  for (int t = 0; t < 192; ++t) values[t] = t % 32 == 0 ? 1 << (t / 32) : 0;
  team.reduce(values, 96, Subtract{});
  EXPECT_EQ(values[5], (1 - 2) - 4);
  EXPECT_EQ(values[95], (1 - 2) - 4);
  EXPECT_EQ(values[96], (8 - 16) - 32);
}

TEST(HostTeam, RefusesFoldsThatADeviceCannotMake) {
  HostTeam team({0, 1, 96});
  HostTeam::Private<int> values(team);
  EXPECT_THROW(team.reduce(values, 12, Add{}), std::logic_error);
  EXPECT_THROW(team.reduce(values, 64, Add{}), std::logic_error);
  EXPECT_THROW(team.reduce(values, 0, Add{}), std::logic_error);
}

TEST(CheckedTeam, AcceptsARightBody) {
  std::vector<int> result(8);
  CheckedTeam team({0, 1, 8});
  reverse_without(team, true, result);
  EXPECT_EQ(result, (std::vector<int>{70, 60, 50, 40, 30, 20, 10, 0}));
}

TEST(CheckedTeam, NoticesAMissingBarrier) {
  std::vector<int> result(8);
  for (const ThreadOrder order : testing::kOrders) {
    CheckedTeam team({0, 1, 8}, order);
    EXPECT_THROW(reverse_without(team, false, result), RaceError);
  }
}

TEST(CheckedTeam, NoticesTwoWriters) {
  CheckedTeam team({0, 1, 2});
  auto shared = team.shared<int>(1);
  EXPECT_THROW(team.each([&](int t) { shared.store(0, t); }), RaceError);
}

TEST(CheckedTeam, NoticesAWriteAfterAnothersRead) {
  CheckedTeam team({0, 1, 2});
  auto shared = team.shared<int>(2);
  team.each([&](int t) { shared.store(t, t); });
  team.sync();
  team.each([&](int t) { shared.load(1 - t); });
  EXPECT_THROW(team.each([&](int t) { shared.store(t, 5); }), RaceError);
  team.sync();
  team.each([&](int t) { shared.store(t, 5); });
}

TEST(CheckedTeam, NoticesAWriteAfterTheReadsOfSeveral) {
  CheckedTeam team({0, 1, 3});
  auto shared = team.shared<int>(1);
  team.each([&](int t) {
    if (t == 0) shared.store(0, 1);
  });
  team.sync();
  team.each([&](int) { shared.load(0); });
  EXPECT_THROW(team.each([&](int t) {
    if (t == 2) shared.store(0, 1);
  }),
               RaceError);
}

TEST(CheckedTeam, NoticesAReadOfNothing) {
  CheckedTeam team({0, 1, 1});
  auto shared = team.shared<int>(1);
  EXPECT_THROW(team.each([&](int) { shared.load(0); }), RaceError);
}

TEST(CheckedTeam, NoticesABarrierThatSomeThreadsMiss) {
  CheckedTeam team({0, 1, 2});
  EXPECT_THROW(team.each([&](int) { team.sync(); }), RaceError);
}

TEST(CheckedTeam, NoticesAnothersPrivateValue) {
  CheckedTeam team({0, 1, 2});
  CheckedTeam::Private<int> values(team);
  EXPECT_THROW(team.each([&](int t) { values[1 - t] = 0; }), RaceError);
}

TEST(CheckedTeam, NoticesAnAccessOutsideOfSharedMemory) {
  CheckedTeam team({0, 1, 1});
  auto shared = team.shared<int>(4);
  volatile int outside = 4;  // unknown to a compiler that would warn
  EXPECT_THROW(team.each([&](int) { shared.store(outside, 0); }), std::out_of_range);
}

// The rotation's exchange with its barrier taken out; everything else is the kernel's own.
TEST(CheckedTeam, NoticesARotationWithoutItsBarrier) {
  const Lines lines = plan_lines(1, 256, 256, 16);
  CheckedTeam team({0, 1, lines.block()});
  auto shared = team.shared<float>(lines.per_tile * shared_line<4>(256));
  Tile<4, CheckedTeam> tile{team, lines, 0, shared};
  CheckedTeam::Private<Chunk<16>> values(team);
  detail::exchange<4>(tile, 0, 4, values);  // as it is
  team.sync();
  detail::put_all<4>(tile, 0, values);
  EXPECT_THROW(detail::take_all<4>(tile, 4, values), RaceError);
}

}  // namespace
}  // namespace roste::cuda
