#include "reference_trainer/report/tensorboard.h"

#include <unistd.h>

#include <array>
#include <bit>
#include <cmath>

#include "reference_trainer/report/crc32.h"

namespace trainer {
namespace {

template <class Unsigned>
std::string little_endian(Unsigned value) {
  std::string bytes;
  for (std::size_t i = 0; i < sizeof value; ++i)
    bytes += static_cast<char>(value >> (8 * i) & 0xff);
  return bytes;
}

// ---- Protocol buffers (protobuf.dev, "Encoding"): a key, then the value. Keys are a byte here, as
// field numbers are below 16.

enum class Wire { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };

std::string key(int field, Wire wire) {
  return std::string(1, static_cast<char>(field << 3 | static_cast<int>(wire)));
}

std::string varint(std::uint64_t value) {
  std::string bytes;
  for (; value >= 0x80; value >>= 7) bytes += static_cast<char>((value & 0x7f) | 0x80);
  return bytes + static_cast<char>(value);
}

std::string bytes_field(int field, std::string_view bytes) {
  return key(field, Wire::kBytes) + varint(bytes.size()) + std::string(bytes);
}

// Proto3 leaves out zeros, except in a choice of fields ("oneof"), as a scalar's value is.
std::string double_field(int field, double value) {
  if (value == 0) return "";
  return key(field, Wire::kFixed64) + little_endian(std::bit_cast<std::uint64_t>(value));
}

std::string float_field(int field, float value) {
  return key(field, Wire::kFixed32) + little_endian(std::bit_cast<std::uint32_t>(value));
}

std::string int_field(int field, std::int64_t value) {
  return value == 0 ? "" : key(field, Wire::kVarint) + varint(static_cast<std::uint64_t>(value));
}

// ---- TFRecord (tensorflow.org, "TFRecord and tf.train.Example"): length, its check, data, its
// check

// A check that stands beside data which may hold checks itself is rotated and shifted.
std::uint32_t masked_check(std::string_view bytes) {
  return std::rotr(crc32(bytes, kCrc32c), 15) + 0xa282ead8;
}

std::string framed(const std::string& data) {
  const std::string length = little_endian(static_cast<std::uint64_t>(data.size()));
  return length + little_endian(masked_check(length)) + data + little_endian(masked_check(data));
}

// Field numbers of tensorboard's event.proto and summary.proto.
namespace event {
constexpr int kWallTime = 1, kStep = 2, kFileVersion = 3, kSummary = 5;
}
constexpr int kSummaryValue = 1;
namespace value_of_summary {
constexpr int kTag = 1, kSimpleValue = 2;
}

std::string host_name() {
  std::array<char, 256> name{};
  return gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "localhost";
}

}  // namespace

std::string event_file_name(std::int64_t second, std::string_view host, std::int64_t process) {
  std::string plain;
  for (const char c : host) {
    const bool keeps = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '.';
    if (keeps) plain += c;
  }
  return "events.out.tfevents." + std::to_string(second) + "." + plain + "." +
         std::to_string(process);
}

std::string event_file_head(double wall_seconds) {
  return framed(double_field(event::kWallTime, wall_seconds) +
                bytes_field(event::kFileVersion, "brain.Event:2"));
}

std::string scalar_record(std::string_view tag, std::int64_t step, double value,
                          double wall_seconds) {
  const std::string scalar = bytes_field(value_of_summary::kTag, tag) +
                             float_field(value_of_summary::kSimpleValue, static_cast<float>(value));
  return framed(double_field(event::kWallTime, wall_seconds) + int_field(event::kStep, step) +
                bytes_field(event::kSummary, bytes_field(kSummaryValue, scalar)));
}

TensorBoardLog::TensorBoardLog(const std::filesystem::path& directory, double wall_seconds)
    : file_(directory / event_file_name(static_cast<std::int64_t>(std::floor(wall_seconds)),
                                        host_name(), getpid())) {
  file_.append(event_file_head(wall_seconds));
}

void TensorBoardLog::add_scalar(std::string_view tag, std::int64_t step, double value,
                                double wall_seconds) {
  file_.append(scalar_record(tag, step, value, wall_seconds));
}

}  // namespace trainer
