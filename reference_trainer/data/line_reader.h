// The lines of a file of any size, one at a time.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "reference_trainer/io/file.h"

namespace trainer {

// Lines are numbered from 1 and come without line feeds; a byte-order mark at the start of the file
// is left out. The carriage return of a CRLF stays: it is white space to JSON.
class LineReader {
 public:
  static constexpr std::size_t kLongestLine = std::size_t{16} << 20;  // bytes

  // Throws Error DS-07 where there is no regular file, or compressed data.
  explicit LineReader(const std::filesystem::path& file);

  // Whether there was one more line. Throws Error DS-03 for a line above kLongestLine.
  bool next();
  // The same for the line that begins at byte `offset`; number() counts from there.
  bool next_at(std::uint64_t offset);

  std::string_view line() const { return line_; }  // until the next call
  std::int64_t number() const { return number_; }
  std::uint64_t offset() const { return line_offset_; }  // of the line's first byte in the file
  bool is_blank() const { return line_.find_first_not_of(" \t\r\v\f") == line_.npos; }

 private:
  bool fill();  // whether it read more bytes

  InputFile file_;
  std::string buffer_;  // bytes [buffer_offset_, + size) of the file
  std::uint64_t buffer_offset_ = 0;
  std::size_t begin_ = 0;  // of what is left, in buffer_
  std::string_view line_;
  std::uint64_t line_offset_ = 0;
  std::int64_t number_ = 0;
};

}  // namespace trainer
