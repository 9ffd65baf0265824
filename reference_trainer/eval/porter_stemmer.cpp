#include "reference_trainer/eval/porter_stemmer.h"

#include <algorithm>
#include <array>
#include <span>
#include <utility>
#include <vector>

namespace trainer {
namespace {

using Pair = std::pair<std::string_view, std::string_view>;

constexpr std::array<Pair, 16> kIrregular = {{{"sky", "sky"},
                                              {"skies", "sky"},
                                              {"dying", "die"},
                                              {"lying", "lie"},
                                              {"tying", "tie"},
                                              {"news", "news"},
                                              {"innings", "inning"},
                                              {"inning", "inning"},
                                              {"outings", "outing"},
                                              {"outing", "outing"},
                                              {"cannings", "canning"},
                                              {"canning", "canning"},
                                              {"howe", "howe"},
                                              {"proceed", "proceed"},
                                              {"exceed", "exceed"},
                                              {"succeed", "succeed"}}};

// Whether each letter is a consonant; y is one at the beginning and after a vowel.
std::vector<bool> consonants(std::string_view word) {
  std::vector<bool> flags;
  for (const char c : word) {
    const bool vowel = std::string_view("aeiou").find(c) != std::string_view::npos;
    flags.push_back(c == 'y' ? flags.empty() || !flags.back() : !vowel);
  }
  return flags;
}

// Porter's m: how often a consonant follows a vowel.
int measure(std::string_view stem) {
  const std::vector<bool> consonant = consonants(stem);
  int count = 0;
  for (std::size_t i = 1; i < consonant.size(); ++i) count += !consonant[i - 1] && consonant[i];
  return count;
}

bool has_vowel(std::string_view stem) {
  const std::vector<bool> consonant = consonants(stem);
  return std::find(consonant.begin(), consonant.end(), false) != consonant.end();
}

bool ends_in_double_consonant(std::string_view word) {
  const std::size_t n = word.size();
  return n >= 2 && word[n - 1] == word[n - 2] && consonants(word).back();
}

// Porter's *o: consonant, vowel, consonant other than w, x, y; or a word of vowel and consonant.
bool ends_short(std::string_view word) {
  const std::vector<bool> consonant = consonants(word);
  const std::size_t n = word.size();
  if (n == 2) return !consonant[0] && consonant[1];
  return n >= 3 && consonant[n - 3] && !consonant[n - 2] && consonant[n - 1] &&
         std::string_view("wxy").find(word[n - 1]) == std::string_view::npos;
}

std::string_view without(std::string_view word, std::string_view suffix) {
  return word.substr(0, word.size() - suffix.size());
}

// The first rule whose suffix fits decides: it applies when the stem before it has a measure beyond
// `beyond`, else the word stays.
std::string replaced(const std::string& word, std::span<const Pair> rules, int beyond) {
  for (const auto& [suffix, replacement] : rules) {
    if (!word.ends_with(suffix)) continue;
    const std::string_view stem = without(word, suffix);
    return measure(stem) > beyond ? std::string(stem) + std::string(replacement) : word;
  }
  return word;
}

std::string step_1a(const std::string& word) {
  if (word.ends_with("ies") && word.size() == 4) return std::string(without(word, "s"));
  static constexpr std::array<Pair, 4> kRules = {
      {{"sses", "ss"}, {"ies", "i"}, {"ss", "ss"}, {"s", ""}}};
  return replaced(word, kRules, -1);
}

// After -ed or -ing was taken away.
std::string repaired(std::string stem) {
  for (const std::string_view ending : {"at", "bl", "iz"}) {
    if (stem.ends_with(ending)) return stem + "e";
  }
  if (ends_in_double_consonant(stem)) {
    if (std::string_view("lsz").find(stem.back()) == std::string_view::npos) stem.pop_back();
    return stem;
  }
  return measure(stem) == 1 && ends_short(stem) ? stem + "e" : stem;
}

std::string step_1b(const std::string& word) {
  if (word.ends_with("ied")) return std::string(without(word, word.size() == 4 ? "d" : "ed"));
  if (word.ends_with("eed")) {
    return measure(without(word, "eed")) > 0 ? std::string(without(word, "d")) : word;
  }
  for (const std::string_view suffix : {"ed", "ing"}) {
    if (word.ends_with(suffix) && has_vowel(without(word, suffix)))
      return repaired(std::string(without(word, suffix)));
  }
  return word;
}

std::string step_1c(std::string word) {
  const std::string_view stem = without(word, "y");
  if (word.ends_with('y') && stem.size() > 1 && consonants(stem).back()) word.back() = 'i';
  return word;
}

std::string step_2(const std::string& word) {
  if (word.ends_with("alli") && measure(without(word, "alli")) > 0)
    return step_2(std::string(without(word, "li")));
  static constexpr std::array<Pair, 21> kRules = {
      {{"ational", "ate"}, {"tional", "tion"}, {"enci", "ence"},   {"anci", "ance"},
       {"izer", "ize"},    {"bli", "ble"},     {"alli", "al"},     {"entli", "ent"},
       {"eli", "e"},       {"ousli", "ous"},   {"ization", "ize"}, {"ation", "ate"},
       {"ator", "ate"},    {"alism", "al"},    {"iveness", "ive"}, {"fulness", "ful"},
       {"ousness", "ous"}, {"aliti", "al"},    {"iviti", "ive"},   {"biliti", "ble"},
       {"fulli", "ful"}}};
  // Its condition counts the l, so it is no rule of the list, behind which it stands: none of their
  // suffixes ends in -logi.
  if (word.ends_with("logi")) {
    return measure(without(word, "ogi")) > 0 ? std::string(without(word, "i")) : word;
  }
  return replaced(word, kRules, 0);
}

std::string step_3(const std::string& word) {
  static constexpr std::array<Pair, 7> kRules = {{{"icate", "ic"},
                                                  {"ative", ""},
                                                  {"alize", "al"},
                                                  {"iciti", "ic"},
                                                  {"ical", "ic"},
                                                  {"ful", ""},
                                                  {"ness", ""}}};
  return replaced(word, kRules, 0);
}

std::string step_4(const std::string& word) {
  static constexpr std::array<Pair, 18> kRules = {{{"al", ""},
                                                   {"ance", ""},
                                                   {"ence", ""},
                                                   {"er", ""},
                                                   {"ic", ""},
                                                   {"able", ""},
                                                   {"ible", ""},
                                                   {"ant", ""},
                                                   {"ement", ""},
                                                   {"ment", ""},
                                                   {"ent", ""},
                                                   {"ou", ""},
                                                   {"ism", ""},
                                                   {"ate", ""},
                                                   {"iti", ""},
                                                   {"ous", ""},
                                                   {"ive", ""},
                                                   {"ize", ""}}};
  if (word.ends_with("ion")) {
    const std::string_view stem = without(word, "ion");
    const bool after_s_or_t = stem.ends_with('s') || stem.ends_with('t');
    return measure(stem) > 1 && after_s_or_t ? std::string(stem) : word;
  }
  return replaced(word, kRules, 1);
}

std::string step_5(std::string word) {
  if (word.ends_with('e')) {
    const std::string_view stem = without(word, "e");
    const int m = measure(stem);
    if (m > 1 || (m == 1 && !ends_short(stem))) word.pop_back();
  }
  if (word.ends_with("ll") && measure(without(word, "l")) > 1) word.pop_back();
  return word;
}

}  // namespace

std::string porter_stem(std::string_view word) {
  const auto irregular = std::find_if(kIrregular.begin(), kIrregular.end(),
                                      [&](const Pair& pair) { return pair.first == word; });
  if (irregular != kIrregular.end()) return std::string(irregular->second);
  if (word.size() <= 2) return std::string(word);
  return step_5(step_4(step_3(step_2(step_1c(step_1b(step_1a(std::string(word))))))));
}

}  // namespace trainer
