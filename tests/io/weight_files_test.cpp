// Weights in one file or in shards, by the case numbers of docs/errors.md.
#include <sys/stat.h>

#include <cmath>
#include <limits>

#include "reference_trainer/io/model_directory.h"
#include "tests/io/files.h"

namespace trainer {
namespace {

using testing::expect_error;
using testing::write_text;

class Weights : public ::testing::Test {
 protected:
  // A file with one F32 value per name: 1, 2, ...
  void write_shard(const std::string& file, const std::vector<std::string>& names) {
    std::vector<float> values(names.size());
    std::vector<FloatTensorView> tensors;
    for (std::size_t i = 0; i < names.size(); ++i) {
      values[i] = static_cast<float>(i + 1);
      tensors.push_back({names[i], {1}, std::span(values).subspan(i, 1)});
    }
    write_safetensors(directory_ / file, tensors, {});
  }

  void write_index(const std::string& weight_map) {
    std::string text = R"({"metadata": {"total_size": 0}, "weight_map": )";
    text.append(weight_map).append("}");
    write_text(directory_ / "model.safetensors.index.json", text);
  }

  void expect_refused(const std::string& code, const std::vector<std::string>& mentions) {
    expect_error([&] { WeightFiles::open(directory_.path()); }, code, ExitCode::kBadInput,
                 mentions);
  }

  testing::TemporaryDirectory directory_;
};

TEST_F(Weights, OneFile) {
  write_shard("model.safetensors", {"b", "a"});
  const WeightFiles files = WeightFiles::open(directory_.path());
  EXPECT_THAT(files.names(), ::testing::ElementsAre("a", "b"));
  float value = 0;
  files.read_floats("a", std::span(&value, 1));
  EXPECT_EQ(value, 2.0f);
  EXPECT_FALSE(files.contains("c"));
  expect_error([&] { files.info("c"); }, "ST-23", ExitCode::kBadInput, {"\"c\""});
}

TEST_F(Weights, Shards) {
  write_shard("one.safetensors", {"a"});
  write_shard("two.safetensors", {"x", "b"});
  write_index(R"({"a": "one.safetensors", "b": "two.safetensors", "x": "two.safetensors"})");
  const WeightFiles files = WeightFiles::open(directory_.path());
  EXPECT_THAT(files.names(), ::testing::ElementsAre("a", "b", "x"));
  float value = 0;
  files.read_floats("b", std::span(&value, 1));
  EXPECT_EQ(value, 2.0f);
}

TEST_F(Weights, ST12_TruncatedShardIsNamed) {
  write_shard("one.safetensors", {"a"});
  const auto path = directory_ / "one.safetensors";
  std::filesystem::resize_file(path, std::filesystem::file_size(path) - 1);
  write_index(R"({"a": "one.safetensors"})");
  expect_refused("ST-12", {"one.safetensors", "3 bytes", "1 bytes are missing"});
}

TEST_F(Weights, ST20_ShardNamesMustBeBasenames) {
  for (const char* name : {"\"../x\"", "\"/etc/passwd\"", "\"a/../../b\"", "\"\"", "\".\"",
                           "\"..\"", "\"a\\u0000b\"", "7"}) {
    write_index(R"({"w": )" + std::string(name) + "}");
    expect_refused("ST-20", {"model.safetensors.index.json:/weight_map/w", "beside the index"});
  }
}

// The system refuses to look for such a file: that is the index's fault and not the disk's.
TEST_F(Weights, ST20_ShardNamesFitAFileSystem) {
  write_index(R"({"w": ")" + std::string(256, 'x') + R"("})");
  expect_refused("ST-20", {"model.safetensors.index.json:/weight_map/w", "beside the index"});
  write_index(R"({"w": ")" + std::string(255, 'x') + R"("})");
  expect_refused("ST-22", {"is missing"});
}

TEST_F(Weights, ST20_IndexWithoutAMap) {
  write_index("[]");
  expect_refused("ST-03", {"index.json:/weight_map"});
  write_index(R"({"w": "a", "w": "b"})");
  expect_refused("ST-04", {"\"w\" twice"});
}

TEST_F(Weights, ST21_ShardsMustBeRegularFiles) {
  const auto shard = directory_ / "s.safetensors";
  write_index(R"({"a": "s.safetensors"})");
  write_shard("elsewhere", {"a"});
  std::filesystem::create_symlink("elsewhere", shard);
  expect_refused("ST-21", {"s.safetensors", "a symbolic link"});
  std::filesystem::remove(shard);
  ASSERT_EQ(::mkfifo(shard.c_str(), 0600), 0);
  expect_refused("ST-21", {"s.safetensors", "a FIFO"});
  std::filesystem::remove(shard);
  std::filesystem::create_directory(shard);
  expect_refused("ST-21", {"s.safetensors", "a directory"});
}

TEST_F(Weights, ST22_EveryDisagreementIsNamed) {
  write_shard("one", {"both", "extra"});
  write_shard("two", {"both"});
  write_index(R"({"both": "one", "gone": "two", "lost": "three"})");
  expect_refused("ST-22", {"index.json", "4 problems", "shard \"three\" is missing",
                           "tensor \"both\" is in two shards, \"one\" and \"two\"",
                           "tensor \"extra\" of \"one\" is not in the index",
                           "tensor \"gone\" is absent from \"two\""});
}

TEST_F(Weights, ST23_TensorListsAreCompared) {
  write_shard("model.safetensors", {"a", "b", "inv_freq", "extra"});
  const WeightFiles files = WeightFiles::open(directory_.path());
  const std::vector<ExpectedTensor> right = {{"a", {1}}, {"b", {1}}, {"extra", {1}}};
  const std::vector<std::string> ignored = {"inv_freq", "lm_head.weight"};
  EXPECT_NO_THROW(check_tensor_list(files, right, ignored));
  const std::vector<ExpectedTensor> wrong = {{"a", {1, 1}}, {"b", {1}}, {"missing", {4, 2}}};
  expect_error([&] { check_tensor_list(files, wrong, ignored); }, "ST-23", ExitCode::kBadInput,
               {"3 problems", "\"a\" is F32 [1], expected floats of [1, 1]",
                "\"missing\" is missing, expected [4, 2]", "\"extra\" is unexpected"});
}

TEST_F(Weights, ST23_IntegersAreNotWeights) {
  write_text(directory_ / "model.safetensors",
             testing::raw_safetensors(R"({"a":{"dtype":"I32","shape":[1],"data_offsets":[0,4]}})",
                                      "1234"));
  const WeightFiles files = WeightFiles::open(directory_.path());
  const std::vector<ExpectedTensor> expected = {{"a", {1}}};
  expect_error([&] { check_tensor_list(files, expected, {}); }, "ST-23", ExitCode::kBadInput,
               {"1 problem ", "\"a\" is I32 [1]"});
}

TEST_F(Weights, ST23_LongListsAreCut) {
  write_shard("model.safetensors", {"a"});
  const WeightFiles files = WeightFiles::open(directory_.path());
  std::vector<ExpectedTensor> expected = {{"a", {1}}};
  for (int i = 10; i < 35; ++i) expected.push_back({std::string("t") + std::to_string(i), {1}});
  expect_error([&] { check_tensor_list(files, expected, {}); }, "ST-23", ExitCode::kBadInput,
               {"25 problems", "\"t29\" is missing", "and 5 more"});
}

TEST_F(Weights, ST24_NonFiniteValues) {
  std::vector<float> values = {1, -std::numeric_limits<float>::max(), 0, 4, 5};
  EXPECT_NO_THROW(check_finite("w", "dir", values));
  values[4] = NAN;
  values[3] = -INFINITY;
  expect_error([&] { check_finite("w", "dir", values); }, "ST-24", ExitCode::kBadInput,
               {"dir:/w", "-inf at index 3", "--allow_nonfinite"});
  values[3] = 0;
  expect_error([&] { check_finite("w", "dir", values); }, "ST-24", ExitCode::kBadInput,
               {"nan at index 4"});
}

TEST_F(Weights, ST25_PicklesAreRefused) {
  expect_refused("ST-25", {"no weights", "model.safetensors"});
  write_text(directory_ / "pytorch_model.bin", "x");
  expect_refused("ST-25", {"only pytorch_model.bin", "model.safetensors", "save_pretrained"});
}

}  // namespace
}  // namespace trainer
