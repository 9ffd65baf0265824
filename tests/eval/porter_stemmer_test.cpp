// Stems against nltk (tests/oracle/make_porter_golden.py) and by hand.
#include "reference_trainer/eval/porter_stemmer.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

namespace trainer {
namespace {

TEST(PorterStemmer, GoldenWords) {
  std::ifstream file(std::filesystem::path(ROSTE_SOURCE_DIR) / "tests/golden/porter_stems.json");
  const nlohmann::json golden = nlohmann::json::parse(file);
  ASSERT_EQ(golden.size(), 1279u);
  for (const auto& [word, stem] : golden.items()) EXPECT_EQ(porter_stem(word), stem) << word;
}

// Examples of Porter's paper, a step each.
TEST(PorterStemmer, ByHand) {
  const std::pair<const char*, const char*> pairs[] = {
      {"caresses", "caress"},  {"ponies", "poni"},        {"agreed", "agre"},
      {"hopping", "hop"},      {"falling", "fall"},       {"filing", "file"},
      {"relational", "relat"}, {"triplicate", "triplic"}, {"adjustable", "adjust"},
      {"adoption", "adopt"},   {"controll", "control"},   {"roll", "roll"}};
  for (const auto& [word, stem] : pairs) EXPECT_EQ(porter_stem(word), stem) << word;
}

// Where nltk leaves the paper.
TEST(PorterStemmer, Changes) {
  const std::pair<const char*, const char*> pairs[] = {{"skies", "sky"},
                                                       {"dies", "die"},
                                                       {"tied", "tie"},
                                                       {"enjoy", "enjoy"},
                                                       {"happy", "happi"},
                                                       {"radically", "radic"},
                                                       {"archaeology", "archaeolog"},
                                                       {"cs", "cs"},
                                                       {"", ""}};
  for (const auto& [word, stem] : pairs) EXPECT_EQ(porter_stem(word), stem) << word;
}

}  // namespace
}  // namespace trainer
