#include "reference_trainer/stream/rounding_writer.h"

#include <algorithm>
#include <stdexcept>

#include "reference_trainer/base/error.h"
#include "reference_trainer/io/rounded.h"

namespace trainer {
namespace {

constexpr std::size_t kTask = 1 << 14;                // values: 128 KiB of double
constexpr std::size_t kStrip = std::size_t{1} << 21;  // values that are rounded before a write

[[noreturn]] void throw_overflow(const PlannedTensor& tensor, std::int64_t index) {
  throw Error(ExitCode::kNumerics, {"QN-40", tensor.name,
                                    "a value at index " + std::to_string(index) +
                                        " beyond the largest of " + dtype_name(tensor.dtype),
                                    "values that fit", "--save_dtype float32 or bfloat16"});
}

}  // namespace

RoundingWriter::RoundingWriter(ThreadPool& pool, ShardedWriter writer, ByteProgress progress)
    : pool_(pool), writer_(std::move(writer)), progress_(std::move(progress)) {}

void RoundingWriter::begin(const std::string& name, TensorKind kind) {
  if (writer_.current().name != name) {
    throw std::invalid_argument("RoundingWriter: " + name + " where " + writer_.current().name +
                                " was planned");
  }
  kind_ = kind;
  written_ = 0;
}

void RoundingWriter::write_bytes(const std::string& name, std::span<const std::byte> bytes) {
  begin(name, TensorKind::kLinearWeight);
  writer_.append(bytes);
  progress_(writer_.written_bytes(), writer_.total_bytes());
}

void RoundingWriter::append(std::span<const double> values, std::span<float> stored) {
  if (values.size() != stored.size())
    throw std::invalid_argument("RoundingWriter: values and stored values differ in number");
  while (!values.empty()) {
    const std::size_t count = std::min(values.size(), kStrip);
    append_strip(values.first(count), stored.first(count));
    values = values.subspan(count);
    stored = stored.subspan(count);
  }
}

void RoundingWriter::append_strip(std::span<const double> values, std::span<float> stored) {
  const PlannedTensor& tensor = writer_.current();
  const std::size_t size = dtype_size(tensor.dtype), tasks = (values.size() + kTask - 1) / kTask;
  bytes_.resize(values.size() * size);
  std::vector<RoundingError> errors(tasks);
  pool_.parallel_for(static_cast<std::int64_t>(tasks), [&](std::int64_t task) {
    const std::size_t first = static_cast<std::size_t>(task) * kTask;
    const std::size_t count = std::min(kTask, values.size() - first);
    const std::span bytes = std::span(bytes_).subspan(first * size, count * size);
    round_values(tensor.dtype, values.subspan(first, count), bytes);
    read_rounded(tensor.dtype, bytes, stored.subspan(first, count));
    errors[static_cast<std::size_t>(task)] =
        rounding_error(values.subspan(first, count), stored.subspan(first, count));
  });
  RoundingError& total = errors_[static_cast<std::size_t>(kind_)];
  for (std::size_t task = 0; task < tasks; ++task)
    total.merge(errors[task], written_ + static_cast<std::int64_t>(task * kTask));
  if (total.overflow >= 0) throw_overflow(tensor, total.overflow);
  written_ += static_cast<std::int64_t>(values.size());
  writer_.append(bytes_);
  progress_(writer_.written_bytes(), writer_.total_bytes());
}

}  // namespace trainer
