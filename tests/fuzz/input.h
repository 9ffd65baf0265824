// The bytes of one run of a fuzz target, taken apart: numbers from the front, texts up to a NUL.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

namespace trainer::fuzz {

class Input {
 public:
  Input(const std::uint8_t* bytes, std::size_t size)
      : left_(reinterpret_cast<const char*>(bytes), size) {}

  // The next byte; 0 behind the end.
  unsigned byte() {
    if (left_.empty()) return 0;
    const auto value = static_cast<unsigned char>(left_.front());
    left_.remove_prefix(1);
    return value;
  }
  // 0 ... n-1
  unsigned below(unsigned n) { return byte() % n; }
  // Two bytes, the more significant first: texts that people edit stay readable.
  unsigned short_number() {
    const unsigned high = byte();
    return high << 8 | byte();
  }
  // The text up to the next NUL, which is taken, too, or all that is left.
  std::string_view text() {
    const std::size_t end = std::min(left_.find('\0'), left_.size());
    const std::string_view result = left_.substr(0, end);
    left_.remove_prefix(std::min(end + 1, left_.size()));
    return result;
  }
  // At most `count` bytes.
  std::string_view bytes(std::size_t count) {
    const std::string_view result = left_.substr(0, count);
    left_.remove_prefix(result.size());
    return result;
  }
  std::string_view rest() { return bytes(left_.size()); }
  bool has_more() const { return !left_.empty(); }

 private:
  std::string_view left_;
};

}  // namespace trainer::fuzz
