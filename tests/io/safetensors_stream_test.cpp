// Weights that are written one after the other, in one file or in shards.
#include "reference_trainer/io/safetensors_stream.h"

#include <numeric>
#include <stdexcept>

#include "reference_trainer/io/json.h"
#include "reference_trainer/io/model_directory.h"
#include "tests/io/files.h"

namespace trainer {
namespace {

using ::testing::ElementsAre;
using testing::names_below;
using testing::TemporaryDirectory;

// 24, 8, 40, 12 and 8 bytes.
const std::vector<PlannedTensor> kTensors = {{"d", DType::kF32, {2, 3}},
                                             {"c", DType::kBF16, {4}},
                                             {"b", DType::kF32, {10}},
                                             {"a", DType::kU8, {3, 4}},
                                             {"e", DType::kF16, {2, 2}}};

// The bytes 0, 1, 2, ... in pieces of 5.
void write_all(ShardedWriter& writer) {
  std::byte next{0};
  for (const PlannedTensor& tensor : kTensors) {
    std::vector<std::byte> bytes(tensor.bytes());
    for (std::byte& b : bytes) {
      b = next;
      next = static_cast<std::byte>(static_cast<int>(next) + 1);
    }
    EXPECT_EQ(writer.current().name, tensor.name);
    for (std::size_t i = 0; i < bytes.size(); i += 5)
      writer.append(std::span(bytes).subspan(i, std::min<std::size_t>(5, bytes.size() - i)));
  }
}

class Sharded : public ::testing::Test {
 protected:
  // Byte `index` of all tensors, as it was read back.
  int byte_of(const std::string& file, const std::string& tensor, std::size_t index) {
    const SafetensorsFile opened = SafetensorsFile::open(directory_ / file);
    const TensorInfo& info = opened.tensors().at(tensor);
    std::vector<std::byte> bytes(info.end - info.begin);
    opened.read_bytes(tensor, bytes);
    return static_cast<int>(bytes[index]);
  }

  TemporaryDirectory directory_;
};

TEST_F(Sharded, WhatFitsIsOneFileWithoutAnIndex) {
  ShardedWriter writer(directory_.path(), kTensors, 92);
  EXPECT_EQ(writer.total_bytes(), 92u);
  write_all(writer);
  writer.finish();
  EXPECT_EQ(writer.written_bytes(), 92u);
  EXPECT_THAT(names_below(directory_.path()), ElementsAre("model.safetensors"));
  EXPECT_EQ(byte_of("model.safetensors", "a", 11), 83);
  const SafetensorsFile file = SafetensorsFile::open(directory_ / "model.safetensors");
  EXPECT_EQ(file.metadata().at("format"), "pt");
  EXPECT_EQ(file.tensors().at("d").begin, 0u);
}

// d and c fill a shard of 32 bytes; b has 40 and one of its own; a and e are the third.
TEST_F(Sharded, ShardsAreFilledUpToTheirLimit) {
  ShardedWriter writer(directory_.path(), kTensors, 32);
  write_all(writer);
  writer.finish();
  EXPECT_THAT(names_below(directory_.path()),
              ElementsAre("model-00001-of-00003.safetensors", "model-00002-of-00003.safetensors",
                          "model-00003-of-00003.safetensors", "model.safetensors.index.json"));
  EXPECT_EQ(byte_of("model-00001-of-00003.safetensors", "c", 7), 31);
  EXPECT_EQ(byte_of("model-00002-of-00003.safetensors", "b", 0), 32);
  EXPECT_EQ(byte_of("model-00003-of-00003.safetensors", "a", 0), 72);
  EXPECT_EQ(byte_of("model-00003-of-00003.safetensors", "e", 7), 91);
  const auto index =
      nlohmann::json::parse(testing::read_text(directory_ / "model.safetensors.index.json"));
  EXPECT_EQ(index.at("metadata").at("total_size"), 92);
  EXPECT_EQ(index.at("weight_map").at("d"), "model-00001-of-00003.safetensors");
  EXPECT_EQ(WeightFiles::open(directory_.path()).names().size(), 5u);
}

TEST_F(Sharded, RefusesWhatIsNotPlanned) {
  ShardedWriter writer(directory_.path(), kTensors, 92);
  EXPECT_THROW(writer.append(std::vector<std::byte>(25)), std::invalid_argument);
  EXPECT_THROW(writer.finish(), std::invalid_argument);
  write_all(writer);
  EXPECT_THROW(writer.append(std::vector<std::byte>(1)), std::invalid_argument);
  const std::vector<PlannedTensor> twice = {kTensors[0], kTensors[0]}, empty = {{"a", {}, {0}}};
  EXPECT_THROW(ShardedWriter(directory_.path(), twice, 1), std::invalid_argument);
  EXPECT_THROW(ShardedWriter(directory_.path(), empty, 1), std::invalid_argument);
  EXPECT_THROW(ShardedWriter(directory_.path(), {}, 1), std::invalid_argument);
  EXPECT_THROW(ShardedWriter(directory_.path(), kTensors, 0), std::invalid_argument);
}

TEST_F(Sharded, RowsAreReadFromTheMiddleOfATensor) {
  std::vector<float> values(12);
  std::iota(values.begin(), values.end(), 0.0f);
  const std::vector<FloatTensorView> tensors = {{"x", {1}, std::span(values).first(1)},
                                                {"w", {4, 3}, values}};
  write_safetensors(directory_ / "model.safetensors", tensors, {});
  const WeightFiles files = WeightFiles::open(directory_.path());
  std::vector<float> rows(6);
  files.read_floats("w", 3, rows);
  EXPECT_THAT(rows, ElementsAre(3, 4, 5, 6, 7, 8));
  EXPECT_THROW(files.read_floats("w", 7, rows), std::invalid_argument);
  EXPECT_THROW(files.read_floats("w", -1, rows), std::invalid_argument);
}

}  // namespace
}  // namespace trainer
