#include "reference_trainer/data/sft_dataset.h"

#include <optional>
#include <string_view>
#include <utility>

#include "reference_trainer/base/error.h"
#include "reference_trainer/base/stop_request.h"
#include "reference_trainer/data/line_reader.h"
#include "reference_trainer/data/sft_dataset_encode.h"
#include "reference_trainer/data/sft_dataset_lines.h"
#include "reference_trainer/data/sft_dataset_rows.h"
#include "reference_trainer/data/unchanged_file.h"
#include "reference_trainer/data/utf8.h"
#include "reference_trainer/io/json.h"

namespace trainer {
namespace {

void check_bytes(const std::string& file, const LineReader& lines) {
  const std::string where = file + ":" + std::to_string(lines.number());
  const std::string_view line = lines.line();
  const std::size_t bad = find_invalid_utf8(line);
  if (bad == std::string_view::npos) return;
  throw_bad_input({"DS-05", where + ":" + std::to_string(bad + 1),
                   "the byte " + in_quotes(line.substr(bad, 1)), "UTF-8", "convert the file"});
}

nlohmann::json parse_line(const std::string& file, const LineReader& lines) {
  try {
    return parse_json(lines.line(), {file, "DS-01", "", ""});
  } catch (
      const Error& error) {  // its line is the first one, which stands further down in the file
    ErrorParts parts = error.parts();
    const std::string first = file + ":1:";
    if (parts.where.starts_with(first))
      parts.where.replace(0, first.size(), file + ":" + std::to_string(lines.number()) + ":");
    throw_bad_input(parts);
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

// "3 rows", "1 row"
std::string counted(std::int64_t number, const std::string& one, const std::string& many) {
  return std::to_string(number) + " " + (number == 1 ? one : many);
}

constexpr std::size_t kBadRowsListed = 20;

// Takes note of a malformed row where options allow one more; otherwise it ends the reading.
void skip_or_throw(const Error& error, const SftOptions& options, SftCounts& counts) {
  const std::string& code = error.parts().code;
  const bool is_of_the_row = code == "DS-01" || code == "DS-04" || code == "DS-05";
  if (!is_of_the_row || counts.bad >= options.skip_bad) throw error;
  ++counts.bad;
  if (counts.bad_rows.size() < kBadRowsListed) counts.bad_rows.push_back(line_of(error.parts()));
}

// The next line as a row, unless it is blank or malformed and skipped.
std::optional<EncodedSftRow> read_row(const std::string& name, const LineReader& lines,
                                      const SftEncoder& encoder, const SftOptions& options,
                                      SftCounts& counts) {
  try {
    if (!lines.is_blank()) return encode_line(name, lines, encoder, options.chat_template);
    check_bytes(name, lines);
  } catch (const Error& error) {
    skip_or_throw(error, options, counts);
  }
  return std::nullopt;
}

void require_samples(const std::string& name, const SftCounts& counts) {
  if (counts.kept > 0) return;
  const bool is_empty = counts.rows == 0 && counts.bad == 0;
  throw_bad_input({is_empty ? "DS-02" : "DS-08", name, is_empty ? "no row" : counts.summary(),
                   is_empty ? "at least one line of JSON" : "at least one sample with a target",
                   is_empty ? "" : "raise max_length or check the completions"});
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
  if (bad > 0) text += ", " + counted(bad, "malformed row", "malformed rows") + " skipped";
  return text;
}

EncodedSftRow encode_line(const std::string& file, const LineReader& lines,
                          const SftEncoder& encoder, ChatTemplate chat) {
  check_bytes(file, lines);
  const std::string where = file + ":" + std::to_string(lines.number());
  return encoder.encode(parse_sft_row(parse_line(file, lines), where, chat));
}

SftCounts read_sft_rows(const std::filesystem::path& file, const SftEncoder& encoder,
                        const SftOptions& options, const SftReceiver& receive) {
  const std::string name = file.string();
  const UnchangedFile unchanged(file);
  LineReader lines(file);
  SftCounts counts;
  while (counts.kept != options.max_samples && lines.next()) {
    stop_if_requested();
    std::optional<EncodedSftRow> row = read_row(name, lines, encoder, options, counts);
    if (!row) continue;
    const std::int64_t kept = counts.kept;
    count(row->outcome, counts);
    if (counts.kept > kept) receive(std::move(row->sample), lines.offset());
  }
  unchanged.require();
  require_samples(name, counts);
  return counts;
}

SftDataset read_sft_dataset(const std::filesystem::path& file, const Tokenizer& tokenizer,
                            const SpecialTokens& special, const SftOptions& options) {
  SftDataset dataset;
  const SftEncoder encoder(tokenizer, special, options);
  dataset.counts = read_sft_rows(file, encoder, options, [&](SftSample sample, std::uint64_t) {
    dataset.samples.push_back(std::move(sample));
  });
  return dataset;
}

}  // namespace trainer
