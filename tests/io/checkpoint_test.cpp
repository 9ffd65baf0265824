#include "reference_trainer/io/checkpoint.h"

#include <stdexcept>

#include "reference_trainer/io/manifest.h"
#include "tests/io/files.h"

namespace trainer {
namespace {

using testing::expect_error;
using testing::names_below;
using testing::read_text;
using testing::write_text;

class Checkpoint : public ::testing::Test {
 protected:
  std::filesystem::path save(std::int64_t step) {
    const std::vector<float> weight = {static_cast<float>(step), 2.5f};
    const std::vector<float> moment = {-1.0f};
    const std::vector<FloatTensorView> tensors = {{"weight", {2}, weight}, {"moment", {1}, moment}};
    return save_checkpoint(run_, {step, {{"lr", 0.5}, {"bits", {{"w", 4}}}, {"seed", 7}}}, tensors);
  }

  // A file of the checkpoint with one bit turned over.
  static void flip(const std::filesystem::path& path, std::size_t bit) {
    std::string bytes = read_text(path);
    bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << (bit % 8)));
    write_text(path, bytes);
  }

  // Step 20 is damaged: step 10 must be found, and the one line must say why.
  void expect_skipped(const std::vector<std::string>& mentions) {
    const auto found = find_newest_checkpoint(run_);
    ASSERT_TRUE(found.has_value());
    EXPECT_EQ(found->info.step, 10);
    ASSERT_EQ(found->skipped.size(), 1u);
    for (const std::string& mention : mentions) {
      EXPECT_THAT(found->skipped[0], ::testing::HasSubstr(mention));
    }
  }

  testing::TemporaryDirectory directory_;
  std::filesystem::path run_ = directory_ / "run";
};

TEST_F(Checkpoint, SavedStateIsFoundAgain) {
  EXPECT_FALSE(find_newest_checkpoint(run_).has_value());
  const std::filesystem::path path = save(10);
  EXPECT_EQ(path, run_ / "checkpoints/step-10");
  EXPECT_THAT(names_below(run_), ::testing::ElementsAre("checkpoints", "checkpoints/step-10",
                                                        "checkpoints/step-10/MANIFEST.json",
                                                        "checkpoints/step-10/state.safetensors"));
  const auto found = find_newest_checkpoint(run_);
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->directory, path);
  EXPECT_EQ(found->info.step, 10);
  EXPECT_EQ(found->info.settings["bits"]["w"], 4);
  EXPECT_TRUE(found->skipped.empty());
  std::vector<float> weight(2);
  SafetensorsFile::open(path / "state.safetensors").read_floats("weight", weight);
  EXPECT_THAT(weight, ::testing::ElementsAre(10.0f, 2.5f));
}

TEST_F(Checkpoint, CK14_TheNumberDecidesNotTheClock) {
  save(9);
  save(100);
  const auto later = std::filesystem::file_time_type::clock::now() + std::chrono::hours(1);
  std::filesystem::last_write_time(run_ / "checkpoints/step-9", later);
  write_text(run_ / "checkpoints/step-0200/x", "not a name that is written");
  write_text(run_ / "checkpoints/step-99999999999999999999/x", "above int64");
  const auto found = find_newest_checkpoint(run_);
  EXPECT_EQ(found->info.step, 100);
  EXPECT_TRUE(found->skipped.empty()) << "other names are no checkpoints";
}

TEST_F(Checkpoint, SavingAStepAgainReplacesIt) {
  write_text(save(10) / "state.safetensors", "damaged");
  save(10);
  EXPECT_TRUE(find_newest_checkpoint(run_)->skipped.empty());
  EXPECT_EQ(names_below(run_).size(), 4u) << "the damaged one is gone";
}

// One bit of every byte, each of the eight positions in turn.
TEST_F(Checkpoint, CK07_EveryFlippedByteIsDetected) {
  save(10);
  const std::filesystem::path path = save(20);
  for (const char* name : {"state.safetensors", "MANIFEST.json"}) {
    const std::size_t bits = 8 * std::filesystem::file_size(path / name);
    for (std::size_t bit = 0; bit < bits;
         bit += 9) {  // 9 = 8 + 1: the next byte and the next position
      flip(path / name, bit);
      const auto found = find_newest_checkpoint(run_);
      ASSERT_TRUE(found && found->info.step == 10) << name << " bit " << bit;
      ASSERT_THAT(found->skipped[0], ::testing::HasSubstr(name));
      flip(path / name, bit);
    }
  }
  EXPECT_EQ(find_newest_checkpoint(run_)->info.step, 20) << "the flips were undone";
}

TEST_F(Checkpoint, CK07_TheTensorIsNamed) {
  save(10);
  const std::filesystem::path file = save(20) / "state.safetensors";
  flip(file, 8 * std::filesystem::file_size(file) - 1);  // the last tensor written
  expect_skipped({"state.safetensors:/moment"});
  EXPECT_THAT(find_newest_checkpoint(run_)->skipped[0], ::testing::StartsWith("step-20: CK-07 "));
}

TEST_F(Checkpoint, CK08_MissingAndSwappedFiles) {
  save(10);
  const std::filesystem::path path = save(20);
  const std::string state = read_text(path / "state.safetensors");
  const std::string manifest = read_text(path / "MANIFEST.json");

  std::filesystem::remove(path / "state.safetensors");
  expect_skipped({"CK-08", "state.safetensors", "no such file"});
  write_text(path / "state.safetensors", state + "x");
  expect_skipped({"CK-08", std::to_string(state.size() + 1), std::to_string(state.size())});
  write_text(path / "state.safetensors", read_text(run_ / "checkpoints/step-10/state.safetensors"));
  expect_skipped({"CK-07", "state.safetensors:/weight"});

  write_text(path / "state.safetensors", state);
  std::filesystem::remove(path / "MANIFEST.json");
  expect_skipped({"CK-08", "MANIFEST.json", "no such file"});
  write_text(path / "MANIFEST.json", read_text(run_ / "checkpoints/step-10/MANIFEST.json"));
  expect_skipped({"CK-08", "step-10", "step-20"});
  write_text(path / "MANIFEST.json", manifest);
  EXPECT_EQ(find_newest_checkpoint(run_)->info.step, 20);
}

// A manifest that matches its own hash and lacks what this version needs.
std::string manifest_with_body(const nlohmann::json& body) {
  const std::string text = body.dump();
  const nlohmann::json document = {{"body", body},
                                   {"xxh3_128", hash_bytes(std::as_bytes(std::span(text)))}};
  return document.dump(1) + "\n";
}

TEST_F(Checkpoint, CK08_ManifestWithoutFields) {
  save(10);
  const std::filesystem::path path = save(20);
  write_text(path / "MANIFEST.json",
             manifest_with_body({{"format", "roste-checkpoint"}, {"version", 1}, {"step", 20}}));
  expect_skipped({"CK-08", "MANIFEST.json", "files"});
  write_text(path / "MANIFEST.json", manifest_with_body({{"version", "one"}}));
  expect_skipped({"CK-08", "MANIFEST.json"});
}

TEST_F(Checkpoint, CK08_NumbersOfAManifestAreIntegers) {
  save(10);
  const std::filesystem::path path = save(20) / "MANIFEST.json";
  const nlohmann::json body = nlohmann::json::parse(read_text(path)).at("body");
  const auto expect_refused = [&](const char* place, const nlohmann::json& value) {
    nlohmann::json changed = body;
    changed[nlohmann::json::json_pointer(place)] = value;
    write_text(path, manifest_with_body(changed));
    expect_skipped({"CK-08", "MANIFEST.json", value.dump(), "integer"});
  };
  for (const nlohmann::json& value : {nlohmann::json(20.5), nlohmann::json(1e300)}) {
    expect_refused("/step", value);
    expect_refused("/version", value);
    expect_refused("/files/state.safetensors/bytes", value);
  }
  expect_refused("/files/state.safetensors/bytes", -1);
}

TEST_F(Checkpoint, CK09_NewerVersionsAreRefusedNotSkipped) {
  save(10);
  const std::filesystem::path path = save(20);
  write_text(path / "MANIFEST.json",
             manifest_with_body({{"format", "roste-checkpoint"}, {"version", 2}, {"step", 20}}));
  expect_error([&] { find_newest_checkpoint(run_); }, "CK-09", ExitCode::kBadInput,
               {"step-20/MANIFEST.json:/body/version", "version 2", "version 1"});
}

TEST_F(Checkpoint, CK11_ChangedSettingsAreListed) {
  save(10);
  const FoundCheckpoint found = require_checkpoint(run_);
  nlohmann::json current = found.info.settings;
  EXPECT_NO_THROW(check_same_settings(found, current));
  current["lr"] = 0.25;
  current["bits"]["w"] = 3;
  current["new"] = true;
  current.erase("seed");
  expect_error([&] { check_same_settings(found, current); }, "CK-11", ExitCode::kBadInput,
               {"step-10", "4 problems", "/lr was 0.5 and is 0.25", "/bits/w was 4 and is 3",
                "/new was absent and is true", "/seed was 7 and is absent"});
}

TEST_F(Checkpoint, CK12_ResumeNeverStartsAfresh) {
  expect_error([&] { require_checkpoint(run_); }, "CK-12", ExitCode::kBadInput,
               {"run/checkpoints", "no checkpoint"});
  std::filesystem::remove(save(10) / "state.safetensors");
  expect_error([&] { require_checkpoint(run_); }, "CK-12", ExitCode::kBadInput,
               {"1 that do not verify"});
}

TEST_F(Checkpoint, PruningKeepsTheNewestAndSweeps) {
  for (const std::int64_t step : {1, 2, 10, 9}) save(step);
  write_text(run_ / "checkpoints/.tmp-step-11-1/state.safetensors", "half");
  write_text(run_ / "checkpoints/.trash-step-0-1/MANIFEST.json", "half");
  write_text(run_ / "checkpoints/notes.txt", "mine");
  prune_checkpoints(run_, 2);
  EXPECT_THAT(names_below(run_),
              ::testing::ElementsAre("checkpoints", "checkpoints/notes.txt", "checkpoints/step-10",
                                     "checkpoints/step-10/MANIFEST.json",
                                     "checkpoints/step-10/state.safetensors", "checkpoints/step-9",
                                     "checkpoints/step-9/MANIFEST.json",
                                     "checkpoints/step-9/state.safetensors"));
  EXPECT_THROW(prune_checkpoints(run_, 0), std::invalid_argument);
  EXPECT_NO_THROW(prune_checkpoints(directory_ / "none", 1));
}

}  // namespace
}  // namespace trainer
