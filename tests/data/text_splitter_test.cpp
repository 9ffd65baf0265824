// The splitters against words that follow from the regular expressions, alternative by alternative.
#include "reference_trainer/data/text_splitter.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace trainer {
namespace {

using Words = std::vector<std::string>;

Words words(SplitPattern pattern, std::string_view text) {
  Words result;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = word_end(pattern, text, at);
    if (end <= at || end > text.size()) {
      ADD_FAILURE() << "a word from " << at << " to " << end;
      break;
    }
    result.emplace_back(text.substr(at, end - at));
    at = end;
  }
  return result;
}

constexpr SplitPattern kAll[] = {SplitPattern::kGpt2, SplitPattern::kQwen2, SplitPattern::kLlama3};

TEST(TextSplitter, ExpressionsAreKnownByTheirExactText) {
  for (const SplitPattern pattern : kAll) {
    const std::string text(regular_expression_of(pattern));
    EXPECT_EQ(split_pattern_of(text), pattern);
    EXPECT_EQ(split_pattern_of(text + "|"), std::nullopt);
    EXPECT_EQ(split_pattern_of(text.substr(1)), std::nullopt);
  }
  EXPECT_EQ(split_pattern_of(""), std::nullopt);
}

TEST(TextSplitter, Contractions) {
  const std::string text = "I'll'S 're'x''d'";
  EXPECT_EQ(words(SplitPattern::kGpt2, text),
            (Words{"I", "'ll", "'", "S", " '", "re", "'", "x", "''", "d", "'"}));
  EXPECT_EQ(words(SplitPattern::kQwen2, text),
            (Words{"I", "'ll", "'S", " '", "re", "'x", "''", "d", "'"}));
  EXPECT_EQ(words(SplitPattern::kQwen2, "'\u017fa'\u017f"), (Words{"'\u017f", "a", "'\u017f"}));
  EXPECT_EQ(words(SplitPattern::kGpt2, "'\u017fa"), (Words{"'", "\u017fa"}));
  EXPECT_EQ(words(SplitPattern::kLlama3, "'LL'vE'r"), (Words{"'LL", "'vE", "'r"}));
}

TEST(TextSplitter, Numbers) {
  EXPECT_EQ(words(SplitPattern::kGpt2, "a 1234\u00bd"), (Words{"a", " 1234\u00bd"}));
  EXPECT_EQ(words(SplitPattern::kQwen2, "a 12\u00bd"), (Words{"a", " ", "1", "2", "\u00bd"}));
  EXPECT_EQ(words(SplitPattern::kLlama3, "a 1234\u00bd5"), (Words{"a", " ", "123", "4\u00bd5"}));
}

TEST(TextSplitter, OneCharacterBeforeAWord) {
  EXPECT_EQ(words(SplitPattern::kGpt2, "(a\tb  c"), (Words{"(", "a", "\t", "b", " ", " c"}));
  EXPECT_EQ(words(SplitPattern::kQwen2, "(a\tb  c\nd"), (Words{"(a", "\tb", " ", " c", "\n", "d"}));
}

TEST(TextSplitter, WhiteSpace) {
  EXPECT_EQ(words(SplitPattern::kGpt2, " \n a\n\n"), (Words{" \n", " a", "\n\n"}));
  EXPECT_EQ(words(SplitPattern::kQwen2, " \n \n  a  "), (Words{" \n \n", " ", " a", "  "}));
  EXPECT_EQ(words(SplitPattern::kQwen2, "a!\n\r\n b"), (Words{"a", "!\n\r\n", " b"}));
  EXPECT_EQ(words(SplitPattern::kGpt2, "a!\n\n b"), (Words{"a", "!", "\n\n", " b"}));
  for (const SplitPattern pattern : kAll) {
    EXPECT_EQ(words(pattern, "\u3000\u3000!"), (Words{"\u3000", "\u3000", "!"}));
    EXPECT_EQ(words(pattern, " "), (Words{" "}));
  }
}

TEST(TextSplitter, BytesThatAreNotUtf8ArePunctuation) {
  for (const SplitPattern pattern : kAll) {
    EXPECT_EQ(words(pattern, "a \xff\xe4\xbd!1"), (Words{"a", " \xff\xe4\xbd!", "1"}));
  }
}

}  // namespace
}  // namespace trainer
