// Runs kernel bodies on the host, block by block.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "roste/cuda/team/checked_team.h"
#include "roste/cuda/team/host_team.h"

namespace roste::cuda::testing {

inline constexpr ThreadOrder kOrders[] = {ThreadOrder::kForward, ThreadOrder::kReversed,
                                          ThreadOrder::kShuffled};

// Blocks and threads of a launch.
struct Launch {
  std::int64_t blocks = 1;
  int threads = 1;
};

// body(team) for every block of the launch.
template <class Team, class Body>
void run(Launch launch, ThreadOrder order, Body&& body) {
  for (std::int64_t block = 0; block < launch.blocks; ++block) {
    Team team({block, launch.blocks, launch.threads}, order);
    body(team);
  }
}

// body(team) on the host team in every order of threads, each time after prepare(); then on the
// team that notices races. check() after each.
template <class Prepare, class Body, class Check>
void run_everywhere(Launch launch, Prepare&& prepare, Body&& body, Check&& check) {
  for (const ThreadOrder order : kOrders) {
    prepare();
    run<HostTeam>(launch, order, body);
    check();
  }
  prepare();
  run<CheckedTeam>(launch, ThreadOrder::kShuffled, body);
  check();
}

}  // namespace roste::cuda::testing
