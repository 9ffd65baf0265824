// Values in double to tensors of files, rounded once, with what the rounding did and how far the
// file has come.
#pragma once

#include <array>
#include <functional>

#include "reference_trainer/base/thread_pool.h"
#include "reference_trainer/io/safetensors_stream.h"
#include "reference_trainer/model/parameters.h"
#include "reference_trainer/stream/rounding_error.h"

namespace trainer {

inline constexpr std::size_t kTensorKinds = 5;
using ErrorByKind = std::array<RoundingError, kTensorKinds>;  // indexed by TensorKind

// Bytes that are written, of all.
using ByteProgress = std::function<void(std::uint64_t written, std::uint64_t total)>;

class RoundingWriter {
 public:
  // `pool` outlives it.
  RoundingWriter(ThreadPool& pool, ShardedWriter writer, ByteProgress progress);

  // Names the tensor that follows. Throws std::invalid_argument where another one is planned.
  void begin(const std::string& name, TensorKind kind);
  // Its next values; stored := what was written, of the same size. The same bytes for any number of
  // threads. Throws Error(kNumerics, QN-40) for a value beyond the largest of the tensor's type.
  void append(std::span<const double> values, std::span<float> stored);
  // A whole tensor as it is stored, which rounds nothing. Throws as begin.
  void write_bytes(const std::string& name, std::span<const std::byte> bytes);
  // As ShardedWriter::finish.
  void finish() { writer_.finish(); }

  const ErrorByKind& errors() const { return errors_; }
  std::uint64_t bytes() const { return writer_.total_bytes(); }

 private:
  void append_strip(std::span<const double> values, std::span<float> stored);

  ThreadPool& pool_;
  ShardedWriter writer_;
  ByteProgress progress_;
  TensorKind kind_ = TensorKind::kEmbedding;
  std::int64_t written_ = 0;  // values of the current tensor
  ErrorByKind errors_;
  std::vector<std::byte> bytes_;
};

}  // namespace trainer
