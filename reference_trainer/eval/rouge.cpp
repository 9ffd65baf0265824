#include "reference_trainer/eval/rouge.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "reference_trainer/eval/porter_stemmer.h"

namespace trainer {
namespace {

using Word = std::int32_t;  // words are numbered: only their equality matters
using Words = std::vector<Word>;

// Numbers the words of both texts alike.
class WordNumbers {
 public:
  explicit WordNumbers(Stemming stemming) : stemming_(stemming) {}

  Words of(std::string_view text) {
    Words words;
    std::string word;
    const auto end_word = [&] {
      if (!word.empty()) words.push_back(number(word));
      word.clear();
    };
    for (std::size_t at = 0; at < text.size(); ++at) {
      if (const char c = lower(text, at); c != 0) {
        word += c;
      } else {
        end_word();
      }
    }
    end_word();
    return words;
  }

 private:
  // The letter a-z or digit at text[at], lower-cased; 0 for everything else. Two characters beyond
  // ASCII have ASCII letters in their lower case: U+0130 (i, and a combining dot) and the Kelvin
  // sign U+212A (k); their other bytes end words, which for U+212A they must not.
  char lower(std::string_view text, std::size_t& at) {
    const char c = text[at];
    if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) return c;
    if (c >= 'A' && c <= 'Z') return static_cast<char>(c - 'A' + 'a');
    if (text.substr(at).starts_with("\xc4\xb0")) return 'i';
    if (!text.substr(at).starts_with("\xe2\x84\xaa")) return 0;
    at += 2;
    return 'k';
  }

  Word number(const std::string& word) {
    constexpr std::size_t kLongestUnstemmed = 3;  // as rouge-score has it
    const bool stems = stemming_ == Stemming::kPorter && word.size() > kLongestUnstemmed;
    return numbers_.emplace(stems ? porter_stem(word) : word, static_cast<Word>(numbers_.size()))
        .first->second;
  }

  Stemming stemming_;
  std::unordered_map<std::string, Word> numbers_;
};

// F1 of `hits` that are counted among `reference` and among `prediction` items; 0 if there are
// none.
double f1(std::int64_t hits, std::size_t reference, std::size_t prediction) {
  if (hits == 0) return 0;
  const double precision = static_cast<double>(hits) / static_cast<double>(prediction);
  const double recall = static_cast<double>(hits) / static_cast<double>(reference);
  return 2 * precision * recall / (precision + recall);
}

using Counts = std::unordered_map<std::int64_t, std::int64_t>;

// Runs of one or two words as single numbers.
std::vector<std::int64_t> ngrams(const Words& words, std::size_t n) {
  std::vector<std::int64_t> result;
  for (std::size_t i = 0; i + n <= words.size(); ++i) {
    const std::int64_t first = n == 2 ? words[i] : 0;
    result.push_back(first << 32 | words[i + n - 1]);
  }
  return result;
}

// Sum over n-grams of the smaller of the two counts (Lin 2004, section 2).
double rouge_n(const Words& reference, const Words& prediction, std::size_t n) {
  const std::vector<std::int64_t> wanted = ngrams(reference, n);
  const std::vector<std::int64_t> given = ngrams(prediction, n);
  Counts left;
  for (const std::int64_t ngram : wanted) ++left[ngram];
  std::int64_t hits = 0;
  for (const std::int64_t ngram : given) {
    const auto found = left.find(ngram);
    if (found != left.end() && found->second-- > 0) ++hits;
  }
  return f1(hits, wanted.size(), given.size());
}

// length(i, j): the longest common subsequence of the first i and the first j words.
class LcsTable {
 public:
  LcsTable(const Words& a, const Words& b)
      : columns_(b.size() + 1), lengths_((a.size() + 1) * columns_) {
    for (std::size_t i = 1; i <= a.size(); ++i) {
      for (std::size_t j = 1; j <= b.size(); ++j) {
        lengths_[i * columns_ + j] = a[i - 1] == b[j - 1]
                                         ? length(i - 1, j - 1) + 1
                                         : std::max(length(i - 1, j), length(i, j - 1));
      }
    }
  }
  std::int32_t length(std::size_t i, std::size_t j) const { return lengths_[i * columns_ + j]; }

 private:
  std::size_t columns_;
  std::vector<std::int32_t> lengths_;
};

// Marks in `used` the words of `a` that are in one longest common subsequence with `b`. Of several,
// the choice changes the union below, so it is rouge-score's: from the ends, a match is taken, else
// `b` gets shorter only if that keeps strictly more.
void mark_lcs(const Words& a, const Words& b, std::vector<std::uint8_t>& used) {
  const LcsTable table(a, b);
  std::size_t i = a.size();
  std::size_t j = b.size();
  while (i > 0 && j > 0) {
    if (a[i - 1] == b[j - 1]) {
      used[--i] = 1;
      --j;
    } else if (table.length(i, j - 1) > table.length(i - 1, j)) {
      --j;
    } else {
      --i;
    }
  }
}

double rouge_l(const Words& reference, const Words& prediction) {
  const LcsTable table(reference, prediction);
  return f1(table.length(reference.size(), prediction.size()), reference.size(), prediction.size());
}

using Sentences = std::vector<Words>;

Sentences sentences(WordNumbers& numbers, std::string_view text) {
  Sentences result;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    result.push_back(numbers.of(text.substr(begin, end - begin)));
    begin = end + 1;
  }
  return result;
}

Counts word_counts(const Sentences& text) {
  Counts counts;
  for (const Words& sentence : text) {
    for (const Word word : sentence) ++counts[word];
  }
  return counts;
}

std::size_t word_total(const Sentences& text) {
  std::size_t total = 0;
  for (const Words& sentence : text) total += sentence.size();
  return total;
}

// Union LCS of every reference sentence with all sentences of the prediction (Lin 2004, section
// 3.2); a word is a hit no more often than it occurs in either text.
double rouge_lsum(const Sentences& reference, const Sentences& prediction) {
  Counts wanted = word_counts(reference);
  Counts given = word_counts(prediction);
  std::int64_t hits = 0;
  for (const Words& sentence : reference) {
    std::vector<std::uint8_t> used(sentence.size());
    for (const Words& candidate : prediction) mark_lcs(sentence, candidate, used);
    for (std::size_t i = 0; i < sentence.size(); ++i) {
      if (!used[i] || wanted[sentence[i]] <= 0 || given[sentence[i]] <= 0) continue;
      ++hits;
      --wanted[sentence[i]];
      --given[sentence[i]];
    }
  }
  return f1(hits, word_total(reference), word_total(prediction));
}

}  // namespace

RougeScores rouge(std::string_view reference, std::string_view prediction, Stemming stemming) {
  WordNumbers numbers(stemming);
  const Words wanted = numbers.of(reference);
  const Words given = numbers.of(prediction);
  return {rouge_n(wanted, given, 1), rouge_n(wanted, given, 2), rouge_l(wanted, given),
          rouge_lsum(sentences(numbers, reference), sentences(numbers, prediction))};
}

}  // namespace trainer
