// "Did you mean ...": the nearest word of a list.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace trainer {

// Insertions, deletions and replacements of single bytes that turn a into b (Levenshtein 1966).
// O(|a| |b|) time, O(|b|) memory.
std::size_t edit_distance(std::string_view a, std::string_view b);

// The candidate with the least edit distance to `word`, the first of equals; empty when the nearest
// is further than a third of the longer word (at least 2), so that noise gets no suggestion.
std::string nearest_word(std::string_view word, std::span<const std::string_view> candidates);

}  // namespace trainer
