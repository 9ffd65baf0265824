// What a user sees of caches, packs, length groups and chat templates.
#include <algorithm>

#include "tests/program/program.h"

namespace trainer::test {
namespace {

Words training(const fs::path& out, const Words& more) {
  return Words{"train",
               "--method",
               "ste",
               "--model_name_or_path",
               tiny_model(),
               "--dataset",
               tiny_data("train"),
               "--output_dir",
               out,
               "--max_steps",
               "4",
               "--per_device_train_batch_size",
               "2",
               "--save_steps",
               "2",
               "--learning_rate",
               "2e-3",
               "--max_new_tokens",
               "4",
               "--json"} +
         more;
}

std::string weights_of(const fs::path& out) { return read_text(out / "model/model.safetensors"); }

// Held-out samples, calibration, order and hashes: all as in memory. --resume goes on under the
// cache what began without.
TEST(TrainingData, ACacheChangesNoBit) {
  const Scratch scratch;
  const Outcome memory = run_program(training(scratch / "memory", {}));
  ASSERT_EQ(memory.exit_code, 0) << memory.err;
  const Words cached = {"--dataset_cache", scratch / "cache"};
  const Outcome first = run_program(training(scratch / "first", cached));
  ASSERT_EQ(first.exit_code, 0) << first.err;
  EXPECT_NE(first.err.find("tokenized into"), std::string::npos) << first.err;
  const Outcome second = run_program(training(scratch / "second", cached));
  EXPECT_NE(second.err.find("tokens from"), std::string::npos) << second.err;
  for (const char* run : {"first", "second"})
    EXPECT_EQ(weights_of(scratch / run), weights_of(scratch / "memory"));
  EXPECT_EQ(first.out, memory.out);
  const Outcome resumed = run_program(training(scratch / "memory", cached + Words{"--resume"}));
  EXPECT_EQ(resumed.exit_code, 0) << resumed.err;
}

TEST(TrainingData, PacksAndLengthGroupsTrainAndAreOtherRuns) {
  const Scratch scratch;
  ASSERT_EQ(run_program(training(scratch / "usual", {})).exit_code, 0);
  for (const char* flag : {"--packing", "--group_by_length"}) {
    const fs::path out = scratch / (flag + 2);
    const Outcome run = run_program(training(out, {flag}));
    ASSERT_EQ(run.exit_code, 0) << run.err;
    EXPECT_NE(weights_of(out), weights_of(scratch / "usual")) << flag;
    const Outcome other = run_program(training(out, {"--resume"}));
    EXPECT_NE(other.err.find("error: CK-11 "), std::string::npos) << other.err;
    EXPECT_EQ(run_program(training(out, {flag, "--resume"})).exit_code, 0) << flag;
  }
}

TEST(TrainingData, CL04_WhatExcludesEachOther) {
  const Scratch scratch;
  const Words refused[] = {{"--packing", "--group_by_length"},
                           {"--packing", "--method", "llm_qat"},
                           {"--dataset_cache", scratch / "c", "--method", "llm_qat"}};
  for (const Words& flags : refused) {
    Words words = training(scratch / "run", {});
    if (flags.size() > 2) words[2] = "llm_qat";
    const Outcome run =
        run_program(words + (flags.size() > 2 ? Words(flags.begin(), flags.end() - 2) : flags));
    EXPECT_EQ(run.exit_code, 2) << run.err;
    EXPECT_EQ(run.err.rfind("error: CL-04 ", 0), 0u) << run.err;
  }
}

TEST(TrainingData, DS13_ATemplateWithoutItsTokens) {
  const Scratch scratch;
  write_text(scratch / "chat.jsonl", R"({"messages": [{"role": "user", "content": "a"},)"
                                     R"( {"role": "assistant", "content": "b"}]})");
  Words words = {"eval",      "--model_name_or_path", tiny_model(),
                 "--dataset", scratch / "chat.jsonl", "--chat_template",
                 "llama3"};
  const Outcome run = run_program(words);
  EXPECT_EQ(run.exit_code, 3) << run.err;
  EXPECT_EQ(run.err.rfind("error: DS-13 ", 0), 0u) << run.err;
}

}  // namespace
}  // namespace trainer::test
