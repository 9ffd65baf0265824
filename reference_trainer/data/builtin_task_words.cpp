#include "reference_trainer/data/builtin_task_words.h"

#include <algorithm>
#include <span>

namespace trainer::builtin {

std::vector<std::string_view> all_texts() {
  using Texts = std::span<const std::string_view>;
  const Texts plain[] = {kSubreddits,       kRelations,     kNames,          kObjects,
                         kNumbers,          kUnits,         kAsks,           kTitles,
                         kAccusations,      kDurations,     kTries,          kPlans,
                         kDistractors,      kRepetitions,   kFillers,        kClosings,
                         kAskOnlySummaries, kPleaSummaries, kEmptySummaries, kSummaryParts};
  const std::span<const Paraphrase> paraphrased[] = {kProblems, kAttempts, kOutcomes};
  std::vector<std::string_view> texts = {kSubredditTag, kTitleTag, kPostTag, kSummaryTag};
  for (const Texts list : plain) texts.insert(texts.end(), list.begin(), list.end());
  for (const auto list : paraphrased) {
    for (const Paraphrase& fact : list) {
      texts.insert(texts.end(), {fact.in_post, fact.in_summary});
    }
  }
  return texts;
}

std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> words;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    words.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return words;
}

}  // namespace trainer::builtin
