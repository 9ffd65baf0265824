// Flags of memory, and what the estimate before a training makes of them.
#include <gtest/gtest.h>

#include "reference_trainer/commands/memory_check.h"
#include "tests/commands/parse.h"

namespace trainer {
namespace {

ModelShape shape() {
  ModelShape s;
  s.vocab_size = 100;
  s.hidden_size = 16;
  s.intermediate_size = 32;
  s.layers = 2;
  s.heads = 4;
  s.kv_heads = 2;
  s.head_dim = 4;
  return s;
}

constexpr double kLinears = 2 * (2 * 16 * 16 + 2 * 8 * 16 + 3 * 16 * 32);

MemoryNeed need(const Words& words) {
  return need_of_training(parse(kTrainWords + words), shape(), 0);
}

TEST(MemoryFlags, DefaultsAreThoseOfFloat32) {
  const CommandLine line = parse(kTrainWords);
  EXPECT_EQ(line.train.param_dtype, ParamDType::kFloat32);
  EXPECT_EQ(line.train.master_weights, MasterWeights::kFloat32);
  EXPECT_EQ(line.train.effective_weights, EffectiveForm::kStored);
}

// The tensor that is made for as long as it is read: a projection [32, 16], or the head [100, 16];
// and twice that, which the C library keeps of freed ones.
TEST(MemoryFlags, CF08_TheEstimateFollowsThem) {
  const double count = loading_memory(shape()).weights / 4;
  const MemoryNeed plain = need({});
  EXPECT_EQ(plain.weights, 4 * count);
  EXPECT_EQ(plain.masters, 0);
  EXPECT_EQ(plain.effective, 4.5 * kLinears);
  EXPECT_EQ(need({"--effective_weights", "codes"}).effective, 0.5 * kLinears + 3 * 4 * 32 * 16);
  EXPECT_EQ(need({"--effective_weights", "codes", "--a_bits", "16", "--w_bits", "3"}).effective,
            0.375 * kLinears + 3 * 4 * 32 * 16);
  const MemoryNeed masters = need({"--param_dtype", "bfloat16"});
  EXPECT_EQ(masters.weights, 2 * count);
  EXPECT_EQ(masters.masters, 4 * count);
  EXPECT_EQ(masters.effective, 4.5 * kLinears + 3 * 4 * 100 * 16);
  const MemoryNeed alone =
      need({"--param_dtype", "bfloat16", "--master_weights", "none", "--method", "sft"});
  EXPECT_EQ(alone.weights, 2 * count);
  EXPECT_EQ(alone.masters, 0);
  EXPECT_EQ(alone.effective, 3 * 4 * 100 * 16);
  EXPECT_EQ(alone.total(), (2 + 4 + 8) * count + 3 * 4 * 100 * 16);
}

}  // namespace
}  // namespace trainer
