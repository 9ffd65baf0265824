#include "reference_trainer/data/normalizer.h"

#include <utility>

#include "reference_trainer/data/unicode.h"

namespace trainer {

std::string replace_all(const Replace& replace, std::string_view text) {
  std::string result;
  result.reserve(text.size());
  std::size_t at = 0;
  for (;;) {
    const std::size_t found = text.find(replace.pattern, at);
    if (found == std::string_view::npos) break;
    result.append(text, at, found - at).append(replace.content);
    at = found + replace.pattern.size();
  }
  return result.append(text, at);
}

namespace {

struct Normalization {
  TextPosition position;

  std::string operator()(const Replace& replace, std::string text) const {
    return replace_all(replace, text);
  }
  std::string operator()(const Nfc&, std::string text) const { return to_nfc(text); }
  std::string operator()(const Prepend& prepend, std::string text) const {
    const bool is_prepended = position == TextPosition::kBeginning && !text.empty();
    return is_prepended ? prepend.text + text : std::move(text);
  }
};

}  // namespace

std::string normalize(const std::vector<NormalizerStep>& steps, std::string_view text,
                      TextPosition position) {
  std::string result(text);
  for (const NormalizerStep& step : steps) {
    result = std::visit(
        [&](const auto& s) { return Normalization{position}(s, std::move(result)); }, step);
  }
  return result;
}

}  // namespace trainer
