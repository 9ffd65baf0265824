// The JSON header of a safetensors file, checked before anybody reads or allocates by its numbers.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "reference_trainer/io/safetensors.h"

namespace trainer {

struct SafetensorsHeader {
  std::map<std::string, TensorInfo> tensors;
  std::map<std::string, std::string> metadata;
};

// Bytes of the length field in front of the header.
inline constexpr std::uint64_t kHeaderLengthBytes = 8;
// The reference implementation refuses longer headers, too.
inline constexpr std::uint64_t kMaxHeaderBytes = 100'000'000;
inline constexpr std::size_t kMaxRank = 8;

// Parses `text` for a file whose data section has `data_bytes` bytes; `file` is named in errors.
// Throws Error(kBadInput) with code ST-03 ... ST-12, ST-14, ST-19.
SafetensorsHeader parse_safetensors_header(std::string_view text, std::uint64_t data_bytes,
                                           const std::string& file);

}  // namespace trainer
