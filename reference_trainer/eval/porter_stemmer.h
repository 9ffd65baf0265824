// Stems of English words, as rouge-score has them.
#pragma once

#include <string>
#include <string_view>

namespace trainer {

// The stem of a word of a-z and 0-9, after Porter ("An algorithm for suffix stripping", 1980) with
// the changes of nltk's default mode (3.10): a list of irregular words, short words in -ies and
// -ied, -y after a consonant, -alli, -fulli, -logi, -bli for -abli, and two-letter stems that keep
// their e.
std::string porter_stem(std::string_view word);

}  // namespace trainer
