#include "reference_trainer/io/safetensors_stream.h"

#include <algorithm>
#include <cstdio>
#include <set>
#include <stdexcept>
#include <utility>

#include "reference_trainer/io/json.h"
#include "reference_trainer/io/safetensors_header.h"

namespace trainer {
namespace {

// The data section starts on a multiple of 8, as the format asks of writers.
constexpr std::size_t kAlignment = 8;

// Tensors in order into shards that are filled up to the limit.
std::vector<std::size_t> plan_shards(std::span<const PlannedTensor> tensors, std::uint64_t limit) {
  std::vector<std::size_t> ends;
  std::uint64_t filled = 0;
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const std::uint64_t bytes = tensors[i].bytes();
    if (filled > 0 && filled + bytes > limit) {
      ends.push_back(i);
      filled = 0;
    }
    filled += bytes;
  }
  ends.push_back(tensors.size());
  return ends;
}

}  // namespace

std::uint64_t PlannedTensor::bytes() const {
  const TensorInfo info{.dtype = dtype, .shape = shape};
  return static_cast<std::uint64_t>(info.elements()) * dtype_size(dtype);
}

// nlohmann::ordered_json searches linearly for every new key, so the outermost object, which has as
// many keys as there are tensors, is put together as text.
std::string safetensors_header(std::span<const PlannedTensor> tensors,
                               const std::map<std::string, std::string>& metadata) {
  std::set<std::string> names;
  std::string text = "{\"__metadata__\":";
  text += nlohmann::json(metadata).dump();
  std::uint64_t begin = 0;
  for (const PlannedTensor& tensor : tensors) {
    if (tensor.shape.size() > kMaxRank) {
      throw std::invalid_argument("safetensors_header: " + tensor.name + " has " +
                                  std::to_string(tensor.shape.size()) + " dimensions");
    }
    if (tensor.name == "__metadata__" || !names.insert(tensor.name).second)
      throw std::invalid_argument("safetensors_header: the name " + tensor.name + " is taken");
    const std::uint64_t end = begin + tensor.bytes();
    const nlohmann::ordered_json entry = {{"dtype", dtype_name(tensor.dtype)},
                                          {"shape", tensor.shape},
                                          {"data_offsets", {begin, end}}};
    text.append(",").append(nlohmann::json(tensor.name).dump());
    text.append(":").append(entry.dump());
    begin = end;
  }
  text += "}";
  text.append((kAlignment - text.size() % kAlignment) % kAlignment, ' ');
  return text;
}

ShardedWriter::ShardedWriter(std::filesystem::path directory, std::vector<PlannedTensor> tensors,
                             std::uint64_t max_shard_bytes)
    : directory_(std::move(directory)), tensors_(std::move(tensors)) {
  if (tensors_.empty() || max_shard_bytes == 0)
    throw std::invalid_argument("ShardedWriter: no tensors, or shards of 0 bytes");
  shard_end_ = plan_shards(tensors_, max_shard_bytes);
  for (const PlannedTensor& tensor : tensors_) {
    if (tensor.bytes() == 0)
      throw std::invalid_argument("ShardedWriter: " + tensor.name + " has no values");
    total_bytes_ += tensor.bytes();
  }
  safetensors_header(tensors_, {});  // a name that comes twice would be in two shards
  open_shard();
}

std::string ShardedWriter::file_name(std::size_t shard) const {
  if (shard_end_.size() == 1) return "model.safetensors";
  char name[64];
  std::snprintf(name, sizeof name, "model-%05zu-of-%05zu.safetensors", shard + 1,
                shard_end_.size());
  return name;
}

void ShardedWriter::open_shard() {
  const std::size_t end = shard_end_[shard_];
  const auto part = std::span(tensors_).subspan(tensor_, end - tensor_);
  // transformers refuses a file whose metadata does not name the framework.
  const std::string header = safetensors_header(part, {{"format", "pt"}});
  const std::uint64_t length = header.size();
  file_ = OutputFile::create(directory_ / file_name(shard_));
  file_->write(std::as_bytes(std::span(&length, 1)));
  file_->write(std::as_bytes(std::span(header)));
}

const PlannedTensor& ShardedWriter::current() const {
  if (tensor_ < tensors_.size()) return tensors_[tensor_];
  throw std::invalid_argument("ShardedWriter: all tensors are complete");
}

void ShardedWriter::append(std::span<const std::byte> bytes) {
  const PlannedTensor& tensor = current();
  if (tensor_bytes_ + bytes.size() > tensor.bytes()) {
    throw std::invalid_argument("ShardedWriter: " + std::to_string(tensor_bytes_ + bytes.size()) +
                                " bytes for " + tensor.name + ", which has " +
                                std::to_string(tensor.bytes()));
  }
  file_->write(bytes);
  tensor_bytes_ += bytes.size();
  written_bytes_ += bytes.size();
  if (tensor_bytes_ < tensor.bytes()) return;
  ++tensor_;
  tensor_bytes_ = 0;
  close_full_shards();
}

void ShardedWriter::close_full_shards() {
  if (tensor_ < shard_end_[shard_]) return;
  file_->finish();
  file_.reset();
  if (++shard_ < shard_end_.size()) open_shard();
}

void ShardedWriter::finish() {
  if (tensor_ < tensors_.size())
    throw std::invalid_argument("ShardedWriter: " + current().name + " is incomplete");
  if (shard_end_.size() == 1) return;
  nlohmann::json map = nlohmann::json::object();
  for (std::size_t shard = 0, i = 0; shard < shard_end_.size(); ++shard) {
    for (; i < shard_end_[shard]; ++i) map[tensors_[i].name] = file_name(shard);
  }
  const nlohmann::json index{{"metadata", {{"total_size", total_bytes_}}}, {"weight_map", map}};
  const std::string text = index.dump(2) + "\n";
  write_whole_file(directory_ / "model.safetensors.index.json", std::as_bytes(std::span(text)));
}

}  // namespace trainer
