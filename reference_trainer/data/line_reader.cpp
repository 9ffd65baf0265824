#include "reference_trainer/data/line_reader.h"

#include <algorithm>
#include <span>

#include "reference_trainer/base/error.h"

namespace trainer {
namespace {

constexpr std::size_t kStep = std::size_t{1} << 20;  // bytes read at once

void refuse_compressed(const std::string& file, std::string_view text) {
  const bool is_gzip = text.starts_with("\x1f\x8b");
  const bool is_zip = text.starts_with("PK\x03\x04");
  const bool is_parquet = text.starts_with("PAR1");
  if (is_parquet)
    throw_bad_input({"DS-07", file, "a Parquet file", "JSON lines",
                     "convert it with scripts/parquet_to_jsonl.py"});
  if (!is_gzip && !is_zip) return;
  throw_bad_input({"DS-07", file, is_gzip ? "gzip data" : "a zip archive", "JSON lines",
                   "decompress it first"});
}

}  // namespace

LineReader::LineReader(const std::filesystem::path& file)
    : file_(InputFile::open(file, {"DS-07", "DS-07", Links::kFollow})) {
  fill();
  refuse_compressed(file.string(), buffer_);
  if (buffer_.starts_with("\xef\xbb\xbf")) begin_ = 3;
}

bool LineReader::fill() {
  buffer_.erase(0, begin_);
  buffer_offset_ += begin_;
  begin_ = 0;
  const std::uint64_t at = buffer_offset_ + buffer_.size();
  const auto more = static_cast<std::size_t>(std::min<std::uint64_t>(kStep, file_.size() - at));
  const std::size_t old = buffer_.size();
  buffer_.resize(old + more);
  file_.read_at(at, std::as_writable_bytes(std::span(buffer_).subspan(old)));
  return more > 0;
}

bool LineReader::next() {
  std::size_t end = buffer_.find('\n', begin_);
  while (end == std::string::npos && buffer_.size() - begin_ <= kLongestLine) {
    const std::size_t left = buffer_.size() - begin_;
    if (!fill()) break;
    end = buffer_.find('\n', left);
  }
  if (end == std::string::npos && begin_ == buffer_.size()) return false;
  ++number_;
  const std::size_t stop = std::min(end, buffer_.size());
  if (stop - begin_ > kLongestLine) {
    throw_bad_input({"DS-03", file_.path().string() + ":" + std::to_string(number_),
                     "more than " + std::to_string(kLongestLine) + " bytes in a line",
                     "at most " + std::to_string(kLongestLine), ""});
  }
  line_ = std::string_view(buffer_).substr(begin_, stop - begin_);
  line_offset_ = buffer_offset_ + begin_;
  begin_ = std::min(stop + 1, buffer_.size());
  return true;
}

bool LineReader::next_at(std::uint64_t offset) {
  buffer_.clear();
  begin_ = 0;
  buffer_offset_ = std::min(offset, file_.size());
  return next();
}

}  // namespace trainer
