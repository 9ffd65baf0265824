#include "reference_trainer/formats/gguf_blocks.h"

#include <algorithm>
#include <cmath>

#include "reference_trainer/base/error.h"
#include "roste/core/number_types.h"
#include "roste/core/packing.h"

namespace trainer {
namespace {

void append_half(const std::string& tensor, float value, std::vector<std::byte>& bytes) {
  const roste::Half half = roste::from_float<roste::Half>(value);
  if (!std::isfinite(roste::to_float(half))) {
    throw_bad_input({"EX-07", tensor, std::to_string(value), "scales that 16 bits can hold",
                     "write --gguf_type f32"});
  }
  bytes.push_back(static_cast<std::byte>(half.bits & 0xff));
  bytes.push_back(static_cast<std::byte>(half.bits >> 8));
}

}  // namespace

std::vector<std::byte> q8_0_bytes(const std::string& tensor, std::span<const float> values) {
  std::vector<std::byte> bytes;
  bytes.reserve(values.size() / kGgufBlock * 34);
  for (std::size_t b = 0; b < values.size(); b += kGgufBlock) {
    const std::span<const float> block = values.subspan(b, kGgufBlock);
    float largest = 0;
    for (const float x : block) largest = std::max(largest, std::fabs(x));
    const float d = largest / 127.0f, inverse = d > 0 ? 1.0f / d : 0.0f;
    append_half(tensor, d, bytes);
    for (const float x : block) {
      const float code = std::clamp(std::round(x * inverse), -127.0f, 127.0f);
      bytes.push_back(static_cast<std::byte>(static_cast<std::int8_t>(code)));
    }
  }
  return bytes;
}

std::vector<std::byte> q4_1_bytes(const std::string& tensor, const PackedWeight& w) {
  if (w.bits() > 4) {
    throw_bad_input({"EX-04", tensor, "codes of " + std::to_string(w.bits()) + " bits",
                     "codes of at most 4", "use --gguf_type q8_0, or f16"});
  }
  const roste::CodeRange range = w.scheme.grid.codes;
  std::vector<std::byte> bytes;
  bytes.reserve(static_cast<std::size_t>(w.rows * w.cols / kGgufBlock * 20));
  std::vector<std::int16_t> codes(static_cast<std::size_t>(w.cols));
  for (std::int64_t r = 0; r < w.rows; ++r) {
    roste::unpack(w.row(r), range, std::span(codes));
    const roste::GroupParams params = w.params[static_cast<std::size_t>(r)];
    const float lowest = roste::decode(range.min, params);
    for (std::size_t b = 0; b < codes.size(); b += kGgufBlock) {
      append_half(tensor, params.scale, bytes);
      append_half(tensor, lowest, bytes);
      for (std::size_t i = b; i < b + kGgufBlock / 2; ++i) {  // value i beside value i + 16
        const int low = codes[i] - range.min, high = codes[i + kGgufBlock / 2] - range.min;
        bytes.push_back(static_cast<std::byte>(low | high << 4));
      }
    }
  }
  return bytes;
}

}  // namespace trainer
