// Costs counted by hand, in steps of fine-tuning.
#include "reference_trainer/study/cost.h"

#include <gmock/gmock.h>

namespace trainer {
namespace {

// A forward pass is a third of a step; an evaluation is 1 + 4 of them: 12 / 3 * 5 = 20 steps. All
// calibration samples once: 6 / 3 = 2 steps.
Workload workload() { return {1000, 600, 640, 6, 12, 0.5, 150}; }

double steps(const std::string& method) {
  const Cell cell = cells_of({"m"}, method, {parse_setting("W4A4KV4", {})}, 1).at(0);
  return steps_of(cell, workload());
}

TEST(Cost, StepsOfEveryMethod) {
  EXPECT_DOUBLE_EQ(steps("base"), 20);
  EXPECT_DOUBLE_EQ(steps("sft"), 1020);
  EXPECT_DOUBLE_EQ(steps("rtn"), 20);
  EXPECT_DOUBLE_EQ(steps("gptq"), 20 + 4 * 2);
  EXPECT_DOUBLE_EQ(steps("spinquant"), 20 + 150 + 4 * 2);
  EXPECT_DOUBLE_EQ(steps("llm_qat"), 20 + 1000 * 4. / 3);
  EXPECT_DOUBLE_EQ(steps("ste"), 1020);
  EXPECT_DOUBLE_EQ(steps("roste"), 1020 + 2 * 2);
  EXPECT_DOUBLE_EQ(steps("roste:3"), 1020 + 3 * 2 * 2);
  EXPECT_DOUBLE_EQ(steps("rolora"), 1020);
}

ModelShape shape() {
  ModelShape s;
  s.vocab_size = 100;
  s.hidden_size = 8;
  s.intermediate_size = 32;
  s.layers = 2;
  s.heads = s.kv_heads = 2;
  s.head_dim = 4;
  return s;
}

TEST(Cost, EveryRunCountsAsOftenAsItIsThereAndBaseModelsBesides) {
  const std::vector<Cell> runs = parse_cells("m/sft+rtn/W4A4KV4/2", {});
  EXPECT_DOUBLE_EQ(cost_of(runs, 0, shape(), workload()).seconds, 0.5 * 2 * (1020 + 20));
  EXPECT_DOUBLE_EQ(cost_of(runs, 2, shape(), workload()).seconds, 0.5 * 2 * (600 + 1020 + 20));
  EXPECT_DOUBLE_EQ(cost_of({}, 0, shape(), workload()).seconds, 0);
  EXPECT_DOUBLE_EQ(cost_of({runs[0], runs[0]}, 0, shape(), workload()).seconds, 0.5 * 2 * 1020);
}

// Parameters: 2 * 100 * 8 of embedding and head, 2 layers of 8 * (16 + 16) + 3 * 8 * 32. A step
// keeps 2 layers of 4*8 + 2*8 + 2*8 + 3*32 values and 6*8 at the ends for each of 640 tokens.
TEST(Cost, MemoryIsSevenCopiesOfTheParametersAndOneStep) {
  const double parameters = 4.0 * (1600 + 2 * (256 + 768));
  const double step = 4.0 * 640 * (2 * (32 + 16 + 16 + 96) + 48);
  EXPECT_DOUBLE_EQ(cost_of({}, 0, shape(), workload()).bytes, 7 * parameters + step);
}

TEST(Cost, AsText) {
  EXPECT_EQ(cost_text({42.4, 3e5}), "about 42 s, 1 MB of memory");
  EXPECT_EQ(cost_text({89.9, 350e6}), "about 90 s, 350 MB of memory");
  EXPECT_EQ(cost_text({600, 999e6}), "about 10 min, 999 MB of memory");
  EXPECT_EQ(cost_text({2 * 3600 + 610, 1.25e9}), "about 2 h 10 min, 1.2 GB of memory");
  EXPECT_EQ(cost_text({90 * 60, 2e9}), "about 1 h 30 min, 2.0 GB of memory");
}

}  // namespace
}  // namespace trainer
