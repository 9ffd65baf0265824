#include "reference_trainer/train/algorithm1.h"

#include "reference_trainer/base/error.h"

namespace trainer {

std::int64_t first_step_of_round(std::int64_t k, std::int64_t rounds, std::int64_t max_steps) {
  return k * max_steps / rounds;
}

void check_rounds(std::int64_t rounds, std::int64_t max_steps) {
  if (rounds >= 1 && rounds <= max_steps) return;
  throw_bad_input({"TR-02", "rounds of Algorithm 1", std::to_string(rounds),
                   "1 to " + std::to_string(max_steps) + ", the number of optimizer steps",
                   "a round needs at least one step"});
}

}  // namespace trainer
