#include "reference_trainer/data/builtin_task_post.h"

#include <algorithm>
#include <stdexcept>
#include <utility>
#include <vector>

#include "reference_trainer/data/builtin_task_words.h"

namespace trainer::builtin {
namespace {

using Sentences = std::vector<std::string>;

enum class Wording { kPost, kSummary };

struct Facts {
  std::string_view subreddit, relation, name, object, number, unit, ask;
  Paraphrase problem, attempt, outcome;
};

// The person, object and ask that a post also mentions but is not about.
struct Story {
  Facts facts;
  Facts distraction;
};

Story draw_story(Draws& draws) {
  const auto [relation, other_relation] = draws.pick_two(kRelations);
  const auto [name, other_name] = draws.pick_two(kNames);
  const auto [object, other_object] = draws.pick_two(kObjects);
  const auto [ask, other_ask] = draws.pick_two(kAsks);
  // Braced initializers are evaluated from left to right, so the order of the draws is fixed.
  const Facts facts{draws.pick(kSubreddits),
                    relation,
                    name,
                    object,
                    draws.pick(kNumbers),
                    draws.pick(kUnits),
                    ask,
                    draws.pick(kProblems),
                    draws.pick(kAttempts),
                    draws.pick(kOutcomes)};
  Facts distraction = facts;
  distraction.relation = other_relation;
  distraction.name = other_name;
  distraction.object = other_object;
  distraction.ask = other_ask;
  return {facts, distraction};
}

std::string_view worded(const Paraphrase& fact, Wording wording) {
  return wording == Wording::kPost ? fact.in_post : fact.in_summary;
}

std::string_view slot_text(std::string_view slot, const Facts& facts, Wording wording) {
  const std::pair<std::string_view, std::string_view> slots[] = {
      {"{relation}", facts.relation},
      {"{name}", facts.name},
      {"{object}", facts.object},
      {"{number}", facts.number},
      {"{unit}", facts.unit},
      {"{ask}", facts.ask},
      {"{problem}", worded(facts.problem, wording)},
      {"{attempt}", worded(facts.attempt, wording)},
      {"{outcome}", worded(facts.outcome, wording)}};
  for (const auto& [name, text] : slots) {
    if (name == slot) return text;
  }
  throw std::logic_error("built-in task: no fact fills the slot " + std::string(slot));
}

void append(std::string_view words, std::string& text) {
  if (!text.empty()) text += ' ';
  text += words;
}

// A problem has the object as a slot of its own, hence the recursion.
std::string fill(std::string_view pattern, const Facts& facts, Wording wording) {
  std::string text;
  for (const std::string_view word : words_of(pattern)) {
    append(
        is_slot(word) ? fill(slot_text(word, facts, wording), facts, wording) : std::string(word),
        text);
  }
  return text;
}

std::string in_post(std::string_view pattern, const Facts& facts) {
  return fill(pattern, facts, Wording::kPost);
}

std::string in_summary(std::string_view pattern, const Facts& facts) {
  return fill(pattern, facts, Wording::kSummary);
}

Sentences draw_fact_sentences(const Facts& facts, Draws& draws) {
  return {in_post(draws.pick(kAccusations), facts), in_post(draws.pick(kDurations), facts),
          in_post(draws.pick(kTries), facts), in_post(draws.pick(kPlans), facts)};
}

Sentences draw_other_sentences(const Story& story, Draws& draws) {
  Sentences others;
  if (draws.happens(70)) others.push_back(in_post(draws.pick(kDistractors), story.distraction));
  others.push_back(in_post(draws.pick(kRepetitions), story.facts));
  if (draws.happens(50)) others.emplace_back(draws.pick(kFillers));
  return others;
}

// Puts each of `others` at a random place between the sentences of `body`.
void scatter(Sentences others, Draws& draws, Sentences& body) {
  for (std::string& sentence : others) {
    const auto place = static_cast<std::ptrdiff_t>(draws.below(body.size() + 1));
    body.insert(body.begin() + place, std::move(sentence));
  }
}

std::string prompt_of(const Facts& facts, std::string_view title, const Sentences& body) {
  std::string prompt;
  for (const std::string_view part : {kSubredditTag, facts.subreddit, kTitleTag, title, kPostTag}) {
    append(part, prompt);
  }
  for (const std::string& sentence : body) append(sentence, prompt);
  append(kSummaryTag, prompt);
  return prompt;
}

Sentences summary_parts(const Facts& facts) {
  Sentences parts;
  for (const std::string_view part : kSummaryParts) parts.push_back(in_summary(part, facts));
  return parts;
}

std::string joined(const Sentences& sentences, std::size_t count) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i) append(sentences[i], text);
  return text;
}

// Few documents have the fine-tuning form, so the base model knows the words but not the task.
std::string draw_pretraining_summary(const Facts& facts, Draws& draws) {
  const std::uint64_t kind = draws.below(100);
  if (kind < 25) return "";
  if (kind < 45) return in_summary(draws.pick(kAskOnlySummaries), facts);
  if (kind < 65) return in_summary(draws.pick(kPleaSummaries), facts);
  if (kind < 75) return in_summary(draws.pick(kEmptySummaries), facts);
  Sentences parts = summary_parts(facts);
  draws.shuffle(parts);
  return joined(parts, 1 + draws.below(parts.size()));
}

}  // namespace

Post draw_post(Draws& draws) {
  const Story story = draw_story(draws);
  const std::string title = in_post(draws.pick(kTitles), story.facts);
  Sentences body = draw_fact_sentences(story.facts, draws);
  scatter(draw_other_sentences(story, draws), draws, body);
  const Sentences summary = summary_parts(story.facts);
  return {prompt_of(story.facts, title, body), joined(summary, summary.size())};
}

Post draw_pretraining_post(Draws& draws) {
  const Story story = draw_story(draws);
  const std::string title = in_post(draws.pick(kTitles), story.facts);
  Sentences body = draw_fact_sentences(story.facts, draws);
  if (draws.happens(50)) draws.shuffle(body);
  if (draws.happens(30)) {
    body.erase(body.begin() + static_cast<std::ptrdiff_t>(draws.below(body.size())));
  }
  scatter(draw_other_sentences(story, draws), draws, body);
  if (draws.happens(60)) body.push_back(in_post(draws.pick(kClosings), story.facts));
  return {prompt_of(story.facts, title, body), draw_pretraining_summary(story.facts, draws)};
}

std::string document_of(const Post& post) {
  if (!post.completion.empty()) return post.prompt + ' ' + post.completion;
  return post.prompt.substr(0, post.prompt.size() - kSummaryTag.size() - 1);
}

}  // namespace trainer::builtin
