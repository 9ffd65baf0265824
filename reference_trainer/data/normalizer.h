// What happens to text before it is cut into tokens.
#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace trainer {

struct Prepend {
  std::string text;
};

struct Replace {
  std::string pattern;  // literal, not empty
  std::string content;
};

struct Nfc {};  // Unicode normalization form C

using NormalizerStep = std::variant<Prepend, Replace, Nfc>;

// A continuation is not a beginning: nothing is prepended to it.
enum class TextPosition { kBeginning, kContinuation };

// `text` after all steps, in order. Empty text stays empty.
std::string normalize(const std::vector<NormalizerStep>& steps, std::string_view text,
                      TextPosition position);

// `text` with every occurrence of the pattern replaced, from left to right, without overlap.
std::string replace_all(const Replace& replace, std::string_view text);

}  // namespace trainer
