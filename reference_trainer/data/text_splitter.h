// How byte-level tokenizers cut text into words: regular expressions that are known by their exact
// text, each as a scanner that reads every character once or twice and never recurses.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace trainer {

enum class SplitPattern { kGpt2, kQwen2, kLlama3 };

// The pattern with exactly this regular expression, if it is one of ours.
std::optional<SplitPattern> split_pattern_of(std::string_view regular_expression);

// The regular expression of `pattern`.
std::string_view regular_expression_of(SplitPattern pattern);

// End of the word that starts at text[begin], begin < text.size(): the first alternative of the
// pattern that matches there. The three patterns match at every place, so words cover a text.
std::size_t word_end(SplitPattern pattern, std::string_view text, std::size_t begin);

}  // namespace trainer
