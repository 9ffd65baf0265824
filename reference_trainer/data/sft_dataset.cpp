#include "reference_trainer/data/sft_dataset.h"

#include <string_view>
#include <utility>

#include "reference_trainer/base/error.h"
#include "reference_trainer/data/sft_dataset_encode.h"
#include "reference_trainer/data/sft_dataset_rows.h"
#include "reference_trainer/data/utf8.h"
#include "reference_trainer/io/json.h"

namespace trainer {
namespace {

constexpr std::size_t kLongestLine = std::size_t{16} << 20;  // bytes

// The lines of a text, numbered from 1, without line feeds and byte-order mark. The carriage return
// of a CRLF stays: it is white space to JSON.
class Lines {
 public:
  explicit Lines(std::string_view text) : rest_(text) {
    if (rest_.starts_with("\xef\xbb\xbf")) rest_.remove_prefix(3);
  }

  bool next() {
    if (rest_.empty()) return false;
    const std::size_t end = std::min(rest_.find('\n'), rest_.size());
    line_ = rest_.substr(0, end);
    rest_.remove_prefix(std::min(end + 1, rest_.size()));
    ++number_;
    return true;
  }

  std::string_view line() const { return line_; }
  std::int64_t number() const { return number_; }
  bool is_blank() const { return line_.find_first_not_of(" \t\r\v\f") == line_.npos; }

 private:
  std::string_view rest_, line_;
  std::int64_t number_ = 0;
};

void refuse_compressed(const std::string& file, std::string_view text) {
  const bool is_gzip = text.starts_with("\x1f\x8b");
  const bool is_zip = text.starts_with("PK\x03\x04");
  if (!is_gzip && !is_zip) return;
  throw_bad_input({"DS-07", file, is_gzip ? "gzip data" : "a zip archive", "JSON lines",
                   "decompress it first"});
}

void check_bytes(const std::string& file, const Lines& lines) {
  const std::string where = file + ":" + std::to_string(lines.number());
  const std::string_view line = lines.line();
  if (line.size() > kLongestLine) {
    throw_bad_input({"DS-03", where, std::to_string(line.size()) + " bytes in a line",
                     "at most " + std::to_string(kLongestLine), ""});
  }
  const std::size_t bad = find_invalid_utf8(line);
  if (bad == std::string_view::npos) return;
  throw_bad_input({"DS-05", where + ":" + std::to_string(bad + 1),
                   "the byte " + in_quotes(line.substr(bad, 1)), "UTF-8", "convert the file"});
}

nlohmann::json parse_line(const std::string& file, const Lines& lines) {
  try {
    return parse_json(lines.line(), {file, "DS-01", "", ""});
  } catch (const Error&) {
    // Once more behind as many line ends as precede it in the file, so that the line is right.
    const std::string placed = std::string(static_cast<std::size_t>(lines.number() - 1), '\n');
    return parse_json(placed + std::string(lines.line()), {file, "DS-01", "", ""});
  }
}

void count(SftOutcome outcome, SftCounts& counts) {
  ++counts.rows;
  switch (outcome) {
    case SftOutcome::kWithoutTarget:
      ++counts.dropped_without_target;
      return;
    case SftOutcome::kTooLong:
      ++counts.dropped_too_long;
      return;
    case SftOutcome::kPromptTruncated:
      ++counts.prompts_truncated;
      break;
    case SftOutcome::kTextTruncated:
      ++counts.texts_truncated;
      break;
    case SftOutcome::kKept:
      break;
  }
  ++counts.kept;
}

SftDataset read_lines(const std::string& file, std::string_view text, const SftEncoder& encoder,
                      const SftOptions& options) {
  SftDataset dataset;
  Lines lines(text);
  while (dataset.counts.kept != options.max_samples && lines.next()) {
    check_bytes(file, lines);
    if (lines.is_blank()) continue;
    const std::string where = file + ":" + std::to_string(lines.number());
    EncodedSftRow row =
        encoder.encode(parse_sft_row(parse_line(file, lines), where, options.chat_template));
    const std::int64_t kept = dataset.counts.kept;
    count(row.outcome, dataset.counts);
    if (dataset.counts.kept > kept) dataset.samples.push_back(std::move(row.sample));
  }
  return dataset;
}

// "3 rows", "1 row"
std::string counted(std::int64_t number, const std::string& one, const std::string& many) {
  return std::to_string(number) + " " + (number == 1 ? one : many);
}

}  // namespace

std::string SftCounts::summary() const {
  std::string text = counted(rows, "row", "rows") + ": " + std::to_string(kept) + " kept";
  std::string why;
  if (dropped_too_long > 0)
    why = counted(dropped_too_long, "completion", "completions") + " too long";
  if (dropped_without_target > 0) {
    why += (why.empty() ? "" : ", ") + std::to_string(dropped_without_target) + " without target";
  }
  const std::int64_t dropped = dropped_too_long + dropped_without_target;
  if (dropped > 0) text += ", " + std::to_string(dropped) + " dropped (" + why + ")";
  if (prompts_truncated > 0)
    text += ", " + counted(prompts_truncated, "prompt", "prompts") + " truncated";
  if (texts_truncated > 0) text += ", " + counted(texts_truncated, "text", "texts") + " truncated";
  return text;
}

SftDataset read_sft_dataset(const std::filesystem::path& file, const Tokenizer& tokenizer,
                            const SpecialTokens& special, const SftOptions& options) {
  const std::string name = file.string();
  const std::string text = read_file(file, "DS-07");
  refuse_compressed(name, text);
  const SftEncoder encoder(tokenizer, special, options);
  SftDataset dataset = read_lines(name, text, encoder, options);
  if (dataset.samples.empty()) {
    const bool is_empty = dataset.counts.rows == 0;
    throw_bad_input({is_empty ? "DS-02" : "DS-08", name,
                     is_empty ? "no row" : dataset.counts.summary(),
                     is_empty ? "at least one line of JSON" : "at least one sample with a target",
                     is_empty ? "" : "raise max_length or check the completions"});
  }
  return dataset;
}

}  // namespace trainer
