#include "reference_trainer/data/text_splitter.h"

#include <array>
#include <utility>

#include "reference_trainer/data/unicode.h"

namespace trainer {
namespace {

// openai/gpt-2 encoder.py; GPT-NeoX and the pre-tokenizer ByteLevel use the same.
constexpr std::string_view kGpt2 =
    R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";
// tokenizer.json of Qwen2 and Qwen2.5.
constexpr std::string_view kQwen2 =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|)"
    R"(\s*[\r\n]+|\s+(?!\S)|\s+)";
// tokenizer.json of Llama 3, 3.1 and 3.2: numbers come in up to three digits.
constexpr std::string_view kLlama3 =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|)"
    R"(\s*[\r\n]+|\s+(?!\S)|\s+)";

constexpr std::array<std::pair<SplitPattern, std::string_view>, 3> kPatterns = {
    {{SplitPattern::kGpt2, kGpt2},
     {SplitPattern::kQwen2, kQwen2},
     {SplitPattern::kLlama3, kLlama3}}};

enum class Letters { kAsWritten, kAnyCase };

bool is_newline(char32_t c) { return c == '\r' || c == '\n'; }

char folded(char c, Letters letters) {
  const bool is_upper = letters == Letters::kAnyCase && c >= 'A' && c <= 'Z';
  return is_upper ? static_cast<char>(c + ('a' - 'A')) : c;
}

// Bytes of 's, 't, 're, 've, 'm, 'll or 'd at text[at]; 0 where there is none.
std::size_t contraction_length(std::string_view text, std::size_t at, Letters letters) {
  if (text[at] != '\'' || at + 1 >= text.size()) return 0;
  const char first = folded(text[at + 1], letters);
  if (first == 's' || first == 't' || first == 'm' || first == 'd') return 2;
  // U+017F, the long s, is an s in another case.
  if (letters == Letters::kAnyCase && text.substr(at + 1).starts_with("\u017f")) return 3;
  if (at + 2 >= text.size()) return 0;
  const char second = folded(text[at + 2], letters);
  const bool is_long = (first == 'r' && second == 'e') || (first == 'v' && second == 'e') ||
                       (first == 'l' && second == 'l');
  return is_long ? 3 : 0;
}

// End of at most `limit` characters of one kind from `at` on.
std::size_t run_end(std::string_view text, std::size_t at, CharClass kind,
                    std::size_t limit = std::string_view::npos) {
  for (std::size_t count = 0; at < text.size() && count < limit; ++count) {
    const Character c = character_at(text, at);
    if (c.kind != kind) break;
    at += c.length;
  }
  return at;
}

std::size_t newlines_end(std::string_view text, std::size_t at) {
  while (at < text.size() && is_newline(static_cast<unsigned char>(text[at]))) ++at;
  return at;
}

struct SpaceRun {
  std::size_t end, last;  // after the run, and where its last character starts
  std::size_t newlines;   // after its last newline; 0 where it has none
};

SpaceRun space_run(std::string_view text, std::size_t at) {
  SpaceRun run{at, at, 0};
  while (run.end < text.size()) {
    const Character c = character_at(text, run.end);
    if (c.kind != CharClass::kSpace) break;
    run.last = run.end;
    run.end += c.length;
    if (is_newline(c.code_point)) run.newlines = run.end;
  }
  return run;
}

// \s+(?!\S)|\s+ : the space before a word stays with the word, unless it is all there is.
std::size_t spaces_end(const SpaceRun& run, std::string_view text, std::size_t begin) {
  return run.end == text.size() || run.last == begin ? run.end : run.last;
}

std::size_t gpt2_end(std::string_view text, std::size_t begin) {
  if (const std::size_t length = contraction_length(text, begin, Letters::kAsWritten)) {
    return begin + length;
  }
  const std::size_t at = begin + (text[begin] == ' ' ? 1 : 0);
  if (at < text.size()) {
    const CharClass kind = character_at(text, at).kind;
    if (kind != CharClass::kSpace) return run_end(text, at, kind);
  }
  return spaces_end(space_run(text, begin), text, begin);
}

// Qwen2 and Llama 3 differ only in how many digits make a word.
std::size_t digits_end(std::string_view text, std::size_t begin, std::size_t max_digits) {
  if (const std::size_t length = contraction_length(text, begin, Letters::kAnyCase)) {
    return begin + length;
  }
  const Character first = character_at(text, begin);
  const std::size_t second = begin + first.length;
  if (first.kind == CharClass::kLetter) return run_end(text, second, CharClass::kLetter);
  if (first.kind == CharClass::kNumber) return run_end(text, begin, first.kind, max_digits);
  const CharClass next = second < text.size() ? character_at(text, second).kind : CharClass::kSpace;
  if (next == CharClass::kLetter && !is_newline(first.code_point)) {
    return run_end(text, second, CharClass::kLetter);
  }
  if (first.kind == CharClass::kOther || (first.code_point == ' ' && next == CharClass::kOther)) {
    return newlines_end(text, run_end(text, second, CharClass::kOther));
  }
  const SpaceRun run = space_run(text, begin);
  return run.newlines > 0 ? run.newlines : spaces_end(run, text, begin);
}

}  // namespace

std::optional<SplitPattern> split_pattern_of(std::string_view regular_expression) {
  for (const auto& [pattern, text] : kPatterns) {
    if (text == regular_expression) return pattern;
  }
  return std::nullopt;
}

std::string_view regular_expression_of(SplitPattern pattern) {
  return kPatterns[static_cast<std::size_t>(pattern)].second;
}

std::size_t word_end(SplitPattern pattern, std::string_view text, std::size_t begin) {
  if (pattern == SplitPattern::kGpt2) return gpt2_end(text, begin);
  return digits_end(text, begin, pattern == SplitPattern::kQwen2 ? 1 : 3);
}

}  // namespace trainer
