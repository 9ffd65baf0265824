// How a text is cut into the pieces that the model sees.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "reference_trainer/data/normalizer.h"
#include "reference_trainer/data/text_splitter.h"
#include "reference_trainer/data/unicode.h"

namespace trainer {

struct WholeText {};

struct WhitespaceSplit {};

// Whether a piece that starts with no space is given one.
enum class PrefixSpace { kNone, kAdded };

// Into words for a byte-level model: by `first`, then each of them by `second`.
struct ByteLevelSplit {
  std::optional<SplitPattern> first;
  PrefixSpace prefix = PrefixSpace::kNone;  // between the two, and not in a continuation
  std::optional<SplitPattern> second;
};

using PreTokenizer = std::variant<WholeText, WhitespaceSplit, ByteLevelSplit>;

// Calls `sink` with the words of `text` by `pattern`, in order; with all of it without a pattern.
template <typename Sink>
void for_each_match(std::optional<SplitPattern> pattern, std::string_view text, const Sink& sink) {
  if (!pattern) return sink(text);
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = word_end(*pattern, text, at);
    sink(text.substr(at, end - at));
    at = end;
  }
}

template <typename Sink>
void for_each_word(const WholeText&, std::string_view text, TextPosition, const Sink& sink) {
  sink(text);
}

// Non-empty runs of characters that are not white space.
template <typename Sink>
void for_each_word(const WhitespaceSplit&, std::string_view text, TextPosition, const Sink& sink) {
  std::size_t begin = 0;
  for (std::size_t at = 0; at < text.size();) {
    const Character c = character_at(text, at);
    const std::size_t next = at + c.length;
    if (c.kind == CharClass::kSpace) {
      if (at > begin) sink(text.substr(begin, at - begin));
      begin = next;
    }
    at = next;
  }
  if (begin < text.size()) sink(text.substr(begin));
}

template <typename Sink>
void for_each_word(const ByteLevelSplit& split, std::string_view text, TextPosition position,
                   const Sink& sink) {
  const bool may_add = split.prefix == PrefixSpace::kAdded && position == TextPosition::kBeginning;
  for_each_match(split.first, text, [&](std::string_view piece) {
    if (!may_add || piece.starts_with(' ')) return for_each_match(split.second, piece, sink);
    const std::string prefixed = " " + std::string(piece);
    for_each_match(split.second, prefixed, sink);
  });
}

}  // namespace trainer
