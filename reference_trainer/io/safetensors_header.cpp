#include "reference_trainer/io/safetensors_header.h"

#include <algorithm>
#include <array>
#include <limits>
#include <tuple>
#include <utility>
#include <vector>

#include "reference_trainer/base/error.h"
#include "reference_trainer/io/json.h"

namespace trainer {
namespace {

using nlohmann::json;

constexpr std::array<DType, 6> kDTypes = {DType::kF32, DType::kF16, DType::kBF16,
                                          DType::kI64, DType::kI32, DType::kU8};

std::uint64_t product_or_throw(std::uint64_t a, std::uint64_t b, const std::string& where) {
  std::uint64_t product = 0;
  // int64 is the type of elements(), so its range is the limit.
  if (__builtin_mul_overflow(a, b, &product) ||
      product > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
    throw_bad_input({"ST-08", where,
                     std::to_string(a) + " * " + std::to_string(b) + " elements or bytes",
                     "a product below 2^63", ""});
  }
  return product;
}

const json& field(const json& entry, const char* name, const std::string& where) {
  const auto found = entry.find(name);
  if (found != entry.end()) return *found;
  throw_bad_input(
      {"ST-03", where + pointer_step(name), "no such field", "dtype, shape and data_offsets", ""});
}

DType parse_dtype(const json& value, const std::string& where) {
  for (const DType dtype : kDTypes) {
    if (value == dtype_name(dtype)) return dtype;
  }
  throw_bad_input({"ST-11", where + "/dtype", shown(value), "F32, F16, BF16, I64, I32 or U8",
                   "convert the file to one of them"});
}

std::vector<std::int64_t> parse_shape(const json& value, const std::string& where) {
  if (!value.is_array()) {
    throw_bad_input({"ST-03", where, shown(value), "an array of dimensions", ""});
  }
  if (value.size() > kMaxRank) {
    throw_bad_input({"ST-10", where, std::to_string(value.size()) + " dimensions",
                     "at most " + std::to_string(kMaxRank), ""});
  }
  std::vector<std::int64_t> shape;
  for (const json& dimension : value) {
    if (!dimension.is_number_unsigned()) {
      throw_bad_input({"ST-03", where, shown(dimension), "integers >= 0", ""});
    }
    const auto size = dimension.get<std::uint64_t>();
    if (size > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
      throw_bad_input({"ST-07", where, shown(dimension), "dimensions below 2^63", ""});
    }
    shape.push_back(static_cast<std::int64_t>(size));
  }
  return shape;
}

std::pair<std::uint64_t, std::uint64_t> parse_offsets(const json& value, const std::string& where) {
  const bool two_numbers = value.is_array() && value.size() == 2 && value[0].is_number_unsigned() &&
                           value[1].is_number_unsigned();
  if (!two_numbers || value[0] > value[1]) {
    throw_bad_input({"ST-06", where, shown(value), "two integers, 0 <= begin <= end", ""});
  }
  return {value[0].get<std::uint64_t>(), value[1].get<std::uint64_t>()};
}

TensorInfo parse_tensor(const json& entry, const std::string& where) {
  if (!entry.is_object()) throw_bad_input({"ST-03", where, shown(entry), "an object", ""});
  TensorInfo info;
  info.shape = parse_shape(field(entry, "shape", where), where + "/shape");
  std::tie(info.begin, info.end) =
      parse_offsets(field(entry, "data_offsets", where), where + "/data_offsets");
  info.dtype = parse_dtype(field(entry, "dtype", where), where);
  std::uint64_t bytes = 1;
  for (const std::int64_t dimension : info.shape) {
    bytes = product_or_throw(bytes, static_cast<std::uint64_t>(dimension), where + "/shape");
  }
  bytes = product_or_throw(bytes, dtype_size(info.dtype), where + "/shape");
  if (info.end - info.begin != bytes) {
    throw_bad_input({"ST-05", where + "/data_offsets",
                     std::to_string(info.end - info.begin) + " bytes",
                     std::to_string(bytes) + " bytes for " + shape_text(info.shape) + " of " +
                         dtype_name(info.dtype),
                     ""});
  }
  return info;
}

std::map<std::string, std::string> parse_metadata(const json& value, const std::string& where) {
  if (!value.is_object()) throw_bad_input({"ST-19", where, shown(value), "an object", ""});
  std::map<std::string, std::string> metadata;
  for (const auto& [key, text] : value.items()) {
    if (!text.is_string()) {
      throw_bad_input({"ST-19", where + pointer_step(key), shown(text), "a string", ""});
    }
    metadata.emplace(key, text.get<std::string>());
  }
  return metadata;
}

// The tensors must tile the data section: no hole, no overlap, nothing behind the last one.
void check_coverage(const std::map<std::string, TensorInfo>& tensors, std::uint64_t data_bytes,
                    const std::string& file) {
  std::vector<std::tuple<std::uint64_t, std::uint64_t, const std::string*>> ranges;
  for (const auto& [name, info] : tensors) ranges.emplace_back(info.begin, info.end, &name);
  std::sort(ranges.begin(), ranges.end(), [](const auto& a, const auto& b) {
    return std::tie(std::get<0>(a), std::get<1>(a)) < std::tie(std::get<0>(b), std::get<1>(b));
  });
  std::uint64_t covered = 0;
  for (const auto& [begin, end, name] : ranges) {
    if (begin != covered) {
      throw_bad_input({"ST-14", file + ":" + pointer_step(*name) + "/data_offsets",
                       std::string(begin < covered ? "an overlap" : "a hole") + ": begin " +
                           std::to_string(begin),
                       "begin " + std::to_string(covered) + ", the end of the tensor before it",
                       ""});
    }
    covered = end;
  }
  if (covered > data_bytes) {
    throw_bad_input({"ST-12", file, std::to_string(data_bytes) + " bytes of tensor data",
                     std::to_string(covered) + ", " + std::to_string(covered - data_bytes) +
                         " bytes are missing",
                     "copy or download the file again"});
  }
  if (covered < data_bytes) {
    throw_bad_input({"ST-14", file, std::to_string(data_bytes) + " bytes of tensor data",
                     std::to_string(covered) + ", nothing behind the last tensor", ""});
  }
}

}  // namespace

SafetensorsHeader parse_safetensors_header(std::string_view text, std::uint64_t data_bytes,
                                           const std::string& file) {
  const json document = parse_json(text, {.where = file,
                                          .code = "ST-03",
                                          .duplicate_code = "ST-04",
                                          .position = JsonPosition::kByte,
                                          .first_byte = kHeaderLengthBytes});
  if (!document.is_object()) {
    throw_bad_input({"ST-03", file + "@" + std::to_string(kHeaderLengthBytes), shown(document),
                     "an object with one entry per tensor", ""});
  }
  SafetensorsHeader header;
  for (const auto& [name, entry] : document.items()) {
    const std::string where = file + ":" + pointer_step(name);
    if (name == "__metadata__") {
      header.metadata = parse_metadata(entry, where);
    } else {
      header.tensors.emplace(name, parse_tensor(entry, where));
    }
  }
  check_coverage(header.tensors, data_bytes, file);
  return header;
}

}  // namespace trainer
