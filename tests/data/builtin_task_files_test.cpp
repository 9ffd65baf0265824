// What the built-in task writes: its tokenizer.json and its JSONL files.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <utility>

#include "reference_trainer/base/error.h"
#include "reference_trainer/data/builtin_task.h"

namespace trainer {
namespace {

constexpr std::uint64_t kSeed = 1;

TEST(BuiltinTokenizer, ParsesAndHasDenseIds) {
  const auto tokenizer = nlohmann::json::parse(builtin_tokenizer_json());
  EXPECT_EQ(tokenizer["model"]["type"], "WordLevel");
  EXPECT_EQ(tokenizer["model"]["unk_token"], "<unk>");
  EXPECT_EQ(tokenizer["pre_tokenizer"], nlohmann::json({{"type", "WhitespaceSplit"}}));
  EXPECT_TRUE(tokenizer["decoder"].is_null());
  EXPECT_TRUE(tokenizer["normalizer"].is_null());
  const std::vector<std::string> vocabulary = builtin_vocabulary();
  const auto& ids = tokenizer["model"]["vocab"];
  ASSERT_EQ(ids.size(), vocabulary.size());
  for (std::size_t id = 0; id < vocabulary.size(); ++id) EXPECT_EQ(ids[vocabulary[id]], id);
}

TEST(BuiltinTokenizer, PutsBosInFront) {
  const auto tokenizer = nlohmann::json::parse(builtin_tokenizer_json());
  const auto expected = nlohmann::json::parse(R"({
    "type": "TemplateProcessing",
    "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
    "pair": [{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}},
             {"Sequence": {"id": "B", "type_id": 1}}],
    "special_tokens": {"<s>": {"id": "<s>", "ids": [0], "tokens": ["<s>"]}}})");
  EXPECT_EQ(tokenizer["post_processor"], expected);
  const auto& added = tokenizer["added_tokens"];
  ASSERT_EQ(added.size(), 3u);
  for (std::size_t id = 0; id < 3; ++id) {
    EXPECT_EQ(added[id]["id"], id);
    EXPECT_EQ(added[id]["content"], builtin_vocabulary()[id]);
    EXPECT_EQ(added[id]["special"], true);
  }
}

ErrorParts parts_of_io_error(const auto& action) {
  try {
    action();
  } catch (const Error& error) {
    EXPECT_EQ(error.exit_code(), ExitCode::kIo);
    return error.parts();
  }
  ADD_FAILURE() << "no Error was thrown";
  return {};
}

class BuiltinTaskFiles : public testing::Test {
 protected:
  void SetUp() override {
    const auto* info = testing::UnitTest::GetInstance()->current_test_info();
    directory_ =
        std::filesystem::path(testing::TempDir()) / (std::string("builtin_task_") + info->name());
    std::filesystem::remove_all(directory_);
    std::filesystem::create_directories(directory_);
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  std::vector<std::string> lines(const char* name) const {
    std::ifstream file(directory_ / name, std::ios::binary);
    std::vector<std::string> found;
    for (std::string line; std::getline(file, line);) found.push_back(line);
    return found;
  }

  std::filesystem::path directory_;
};

TEST_F(BuiltinTaskFiles, RowsAreTheDocuments) {
  const BuiltinTaskSizes sizes{5, 4, 3, 3, 2};
  write_builtin_task(directory_, kSeed, sizes);
  const BuiltinTask task = make_builtin_task(kSeed, sizes);
  const std::pair<const char*, std::vector<Post>> splits[] = {
      {"train.jsonl", task.train},
      {"calibration.jsonl", task.calibration},
      {"validation.jsonl", task.validation},
      {"test.jsonl", task.test}};
  for (const auto& [name, posts] : splits) {
    std::vector<std::string> expected;
    for (const Post& post : posts) {
      expected.push_back("{\"prompt\":\"" + post.prompt + "\",\"completion\":\"" + post.completion +
                         "\"}");
    }
    EXPECT_EQ(lines(name), expected);
  }
  std::vector<std::string> expected;
  for (const std::string& document : pretraining_documents(kSeed, 5)) {
    expected.push_back("{\"text\":\"" + document + "\"}");
  }
  EXPECT_EQ(lines("pretraining.jsonl"), expected);
}

TEST_F(BuiltinTaskFiles, CK02_MissingDirectory) {
  const auto write = [&] { write_builtin_task(directory_ / "absent", kSeed, {1, 1, 1, 1, 1}); };
  const ErrorParts parts = parts_of_io_error(write);
  EXPECT_EQ(parts.code, "CK-02");
  EXPECT_EQ(parts.where, (directory_ / "absent" / "train.jsonl").string());
  EXPECT_EQ(parts.got, "No such file or directory");
}

TEST_F(BuiltinTaskFiles, CK02_FullDisk) {
  if (!std::filesystem::exists("/dev/full")) GTEST_SKIP() << "this system has no /dev/full";
  std::filesystem::create_symlink("/dev/full", directory_ / "test.jsonl");
  // One row fits into the stream's buffer, so only closing the file can notice.
  const auto write = [&] { write_builtin_task(directory_, kSeed, {1, 1, 1, 1, 1}); };
  const ErrorParts parts = parts_of_io_error(write);
  EXPECT_EQ(parts.where, (directory_ / "test.jsonl").string());
  EXPECT_EQ(parts.got, "No space left on device");
}

}  // namespace
}  // namespace trainer
