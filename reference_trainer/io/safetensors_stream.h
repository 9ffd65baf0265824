// Safetensors files whose tensors are written one after the other, without a copy of all of them:
// the headers are known before the first value. Sharded as save_pretrained of transformers does.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "reference_trainer/io/file.h"
#include "reference_trainer/io/safetensors.h"

namespace trainer {

struct PlannedTensor {
  std::string name;
  DType dtype = DType::kF32;
  std::vector<std::int64_t> shape;
  std::uint64_t bytes() const;
};

// The header of a file of these tensors, padded to 8 bytes with spaces, without its length. Throws
// std::invalid_argument when a name comes twice or a shape has too many dimensions.
std::string safetensors_header(std::span<const PlannedTensor> tensors,
                               const std::map<std::string, std::string>& metadata);

// max_shard_size of transformers 5.
inline constexpr std::uint64_t kDefaultShardBytes = 5'000'000'000;

// model.safetensors in `directory`, or, where it would have more than max_shard_bytes of data,
// model-00001-of-0000N.safetensors and model.safetensors.index.json. A tensor is never cut: a
// larger one has a shard of its own. Callers that must not leave half a model write into a
// StagedDirectory.
class ShardedWriter {
 public:
  // Throws as safetensors_header, and std::invalid_argument for no tensors, one without
  // values, or a limit of 0.
  ShardedWriter(std::filesystem::path directory, std::vector<PlannedTensor> tensors,
                std::uint64_t max_shard_bytes);

  // The tensor that the next bytes belong to. Throws std::invalid_argument when all are complete.
  const PlannedTensor& current() const;
  // More bytes of the current tensor; a complete tensor makes room for the next. Throws
  // std::invalid_argument for bytes beyond its end, Error(kIo, IO-02).
  void append(std::span<const std::byte> bytes);
  // Writes the index, if there is one. Throws std::invalid_argument while a tensor is incomplete.
  void finish();

  std::uint64_t total_bytes() const { return total_bytes_; }  // of all tensors
  std::uint64_t written_bytes() const { return written_bytes_; }

 private:
  std::string file_name(std::size_t shard) const;
  void open_shard();
  void close_full_shards();

  std::filesystem::path directory_;
  std::vector<PlannedTensor> tensors_;
  std::vector<std::size_t> shard_end_;  // index of the first tensor behind each shard
  std::size_t shard_ = 0, tensor_ = 0;  // that are being written
  std::uint64_t tensor_bytes_ = 0;      // of the current tensor that are written
  std::uint64_t total_bytes_ = 0, written_bytes_ = 0;
  std::optional<OutputFile> file_;
};

}  // namespace trainer
