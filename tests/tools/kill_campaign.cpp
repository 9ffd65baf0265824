// kill_campaign PROGRAM DIRECTORY KILLS [SEED]: see tests/support/kill_campaign.h. Ends with 0 when
// nothing was lost and all weights are equal.
#include "tests/support/kill_campaign.h"

#include <cstdio>
#include <cstdlib>
#include <exception>

namespace {

namespace fs = std::filesystem;

int run(int argc, char** argv) {
  if (argc != 4 && argc != 5) {
    std::fprintf(stderr, "usage: kill_campaign PROGRAM DIRECTORY KILLS [SEED]\n");
    return 2;
  }
  const std::string program = argv[1];
  const fs::path directory = argv[2];
  const fs::path base = directory / "base";
  fs::create_directories(directory);
  const std::string pretrain =
      "'" + program + "' pretrain --architecture llama --output_dir '" + base.string() +
      "' --hidden_size 32 --intermediate_size 56 --num_hidden_layers 2 --num_attention_heads 4"
      " --num_key_value_heads 2 --max_steps 4 --pretraining_documents 40 --train_samples 40"
      " --validation_samples 4 --test_samples 4 --quiet >/dev/null";
  if (std::system(pretrain.c_str()) != 0) return 2;
  trainer::test::KillSettings settings;
  settings.program = program;
  settings.training = {"train",
                       "--method",
                       "ste",
                       "--model_name_or_path",
                       base / "model",
                       "--dataset",
                       base / "data/train.jsonl",
                       "--eval_dataset",
                       base / "data/test.jsonl",
                       "--max_steps",
                       "24",
                       "--save_steps",
                       "2",
                       "--learning_rate",
                       "2e-3",
                       "--per_device_train_batch_size",
                       "4",
                       "--max_new_tokens",
                       "2",
                       "--threads",
                       "1",
                       "--quiet"};
  settings.save_steps = 2;
  settings.directory = directory / "runs";
  settings.kills = std::atol(argv[3]);
  settings.seed = argc == 5 ? static_cast<std::uint64_t>(std::atoll(argv[4])) : 1;
  const trainer::test::KillReport report = run_kill_campaign(settings);
  std::printf("%s", text_of(report).c_str());
  const bool good =
      report.lost == 0 && report.equal == report.runs && report.runs > 0 && report.problems.empty();
  return good ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "kill_campaign: %s\n", error.what());
    return 2;
  }
}
