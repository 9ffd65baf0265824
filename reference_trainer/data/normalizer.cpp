#include "reference_trainer/data/normalizer.h"

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

std::string normalize(const std::vector<NormalizerStep>& steps, std::string_view text,
                      TextPosition position) {
  std::string result(text);
  for (const NormalizerStep& step : steps) {
    if (const auto* replace = std::get_if<Replace>(&step)) {
      result = replace_all(*replace, result);
    } else if (position == TextPosition::kBeginning && !result.empty()) {
      result.insert(0, std::get<Prepend>(step).text);
    }
  }
  return result;
}

}  // namespace trainer
