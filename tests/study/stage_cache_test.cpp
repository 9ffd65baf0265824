#include "reference_trainer/study/stage_cache.h"

#include <gmock/gmock.h>

#include <fstream>

#include "reference_trainer/base/error.h"

namespace trainer {
namespace {

class StageCache : public testing::Test {
 protected:
  void SetUp() override {
    root_ = std::filesystem::path(testing::TempDir()) /
            testing::UnitTest::GetInstance()->current_test_info()->name();
    std::filesystem::remove_all(root_);
  }
  void TearDown() override { std::filesystem::remove_all(root_); }
  std::filesystem::path root_;
};

TEST_F(StageCache, AResultIsFoundUnderItsKeyAlone) {
  const nlohmann::json key{{"method", "ste"}, {"learning_rate", 2e-3}};
  const Stage first = open_stage(root_, "s0-ste", key);
  EXPECT_FALSE(first.result);
  EXPECT_FALSE(open_stage(root_, "s0-ste", key).result) << "not finished yet";
  finish_stage(first, {{"loss", 0.1}});

  const Stage again = open_stage(root_, "s0-ste", key);
  ASSERT_TRUE(again.result);
  EXPECT_EQ(again.result->at("loss"), 0.1);
  EXPECT_EQ(again.directory, first.directory);
  nlohmann::json other = key;
  other["learning_rate"] = 1e-3;
  EXPECT_FALSE(open_stage(root_, "s0-ste", other).result);
}

TEST_F(StageCache, TheHashDoesNotDependOnTheOrderOfWriting) {
  nlohmann::json a, b;
  a["x"] = 1;
  a["y"] = 2;
  b["y"] = 2;
  b["x"] = 1;
  EXPECT_EQ(hash_of_key(a), hash_of_key(b));
  b["x"] = 3;
  EXPECT_NE(hash_of_key(a), hash_of_key(b));
}

TEST_F(StageCache, ADirectoryWithAnotherKeyIsRefused) {
  const nlohmann::json key{{"seed", 1}};
  const Stage stage = open_stage(root_, "x", key);
  std::ofstream(stage.directory / "key.json") << R"({"seed": 2})";
  try {
    open_stage(root_, "x", key);
    FAIL() << "another key was accepted";
  } catch (const Error& e) {
    EXPECT_THAT(e.what(), testing::HasSubstr("CK-11"));
  }
}

TEST_F(StageCache, ADamagedResultIsRefused) {
  const nlohmann::json key{{"seed", 1}};
  const Stage stage = open_stage(root_, "x", key);
  std::ofstream(stage.directory / "result.json") << "{";
  EXPECT_THROW(open_stage(root_, "x", key), Error);
}

}  // namespace
}  // namespace trainer
