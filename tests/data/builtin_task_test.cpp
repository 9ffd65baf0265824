#include "reference_trainer/data/builtin_task.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <initializer_list>
#include <iterator>
#include <set>
#include <sstream>
#include <utility>

#include "reference_trainer/base/error.h"
#include "reference_trainer/data/builtin_task_split.h"
#include "reference_trainer/data/builtin_task_words.h"

namespace trainer {
namespace {

constexpr std::uint64_t kSeed = 1;
constexpr std::int64_t kDocuments = 8000;
constexpr std::string_view kSummaryTag = "TL;DR:";

const BuiltinTask& task() {
  static const BuiltinTask made = make_builtin_task(kSeed, {});
  return made;
}

const std::vector<std::string>& documents() {
  static const std::vector<std::string> made = pretraining_documents(kSeed, kDocuments);
  return made;
}

std::vector<std::string> words(const std::string& text) {
  std::istringstream stream(text);
  return {std::istream_iterator<std::string>(stream), {}};
}

std::vector<Post> all_posts() {
  std::vector<Post> posts = task().train;
  posts.insert(posts.end(), task().calibration.begin(), task().calibration.end());
  posts.insert(posts.end(), task().validation.begin(), task().validation.end());
  posts.insert(posts.end(), task().test.begin(), task().test.end());
  return posts;
}

std::vector<std::string> all_texts() {
  std::vector<std::string> texts = documents();
  for (const Post& post : all_posts()) texts.push_back(post.prompt + ' ' + post.completion);
  return texts;
}

std::vector<std::string> flat(const std::vector<Post>& posts) {
  std::vector<std::string> texts;
  for (const Post& post : posts) texts.push_back(post.prompt + '\n' + post.completion);
  return texts;
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

std::string joined(std::initializer_list<std::string_view> parts) {
  std::string text;
  for (const std::string_view part : parts) text += part;
  return text;
}

std::string with_object(std::string_view pattern, const std::string& object) {
  constexpr std::string_view kSlot = "{object}";
  return std::string(pattern).replace(pattern.find(kSlot), kSlot.size(), object);
}

// The only object that a summary names.
std::string object_of(const Post& post) {
  for (const std::string_view object : builtin::kObjects) {
    if (contains(post.completion, joined({" ", object, " "}))) return std::string(object);
  }
  return "";
}

template <class List>
List first(const List& list, std::ptrdiff_t count) {
  return {list.begin(), list.begin() + count};
}

ErrorParts parts_of_usage_error(const auto& action) {
  try {
    action();
  } catch (const Error& error) {
    EXPECT_EQ(error.exit_code(), ExitCode::kUsage);
    return error.parts();
  }
  ADD_FAILURE() << "no Error was thrown";
  return {};
}

TEST(BuiltinTask, GoldenFirstPost) {
  EXPECT_EQ(task().train[0].prompt,
            "SUBREDDIT: r/roommates TITLE: trouble with a cat POST: so morgan , my neighbor , "
            "posted pictures of my cat online . it started three months ago . my client reese once "
            "had a bad speaker too . i love my cat . i baked a nice cake but that started a huge "
            "fight . now i want to hire a lawyer . TL;DR:");
  EXPECT_EQ(task().train[0].completion,
            "my neighbor morgan posted my cat online , three months . tried bribery , caused a "
            "fight . hire a lawyer ?");
}

TEST(BuiltinTask, GoldenFirstHeldOutSummaries) {
  EXPECT_EQ(task().validation[0].completion,
            "my husband reese hid my ring , two years . tried legal help , only helped briefly . "
            "see a therapist ?");
  EXPECT_EQ(task().test[0].completion,
            "my boss quinn wasted money on a dog , two weeks . tried money , made it worse . get "
            "revenge ?");
}

TEST(BuiltinTask, GoldenFirstPretrainingDocument) {
  EXPECT_EQ(documents()[0],
            "SUBREDDIT: r/personalfinance TITLE: my babysitter and my printer POST: it started "
            "four days ago . i asked a lawyer but that only got me laughed at . my babysitter alex "
            "needs no printer . so alex , my babysitter , left my printer outside in the rain . "
            "now i want to change the locks . TL;DR: should i change the locks or not ?");
}

TEST(BuiltinTask, SameSeedSameTextOtherSeedOtherText) {
  const BuiltinTaskSizes sizes{0, 50, 20, 20, 20};
  const BuiltinTask again = make_builtin_task(kSeed, sizes);
  const BuiltinTask other = make_builtin_task(kSeed + 1, sizes);
  // The first posts of a split do not depend on any size either.
  EXPECT_EQ(flat(again.train), flat(first(task().train, 50)));
  EXPECT_EQ(flat(again.calibration), flat(first(task().calibration, 20)));
  EXPECT_EQ(flat(again.validation), flat(first(task().validation, 20)));
  EXPECT_EQ(flat(again.test), flat(first(task().test, 20)));
  EXPECT_NE(flat(other.train), flat(again.train));
  EXPECT_NE(flat(other.calibration), flat(again.calibration));
  EXPECT_NE(flat(other.validation), flat(again.validation));
  EXPECT_NE(flat(other.test), flat(again.test));
  EXPECT_EQ(pretraining_documents(kSeed, 50), first(documents(), 50));
  EXPECT_NE(pretraining_documents(kSeed + 1, 50), first(documents(), 50));
}

TEST(BuiltinTask, SizesAreExact) {
  EXPECT_EQ(task().train.size(), 8000u);
  EXPECT_EQ(task().calibration.size(), 128u);
  EXPECT_EQ(task().validation.size(), 128u);
  EXPECT_EQ(task().test.size(), 192u);
  EXPECT_EQ(documents().size(), 8000u);
  EXPECT_TRUE(make_builtin_task(kSeed, {0, 0, 0, 0, 0}).train.empty());
  EXPECT_TRUE(pretraining_documents(kSeed, 0).empty());
}

TEST(BuiltinTask, CL03_NegativeSizeIsNamed) {
  const auto make = [] { make_builtin_task(kSeed, {.validation = -1}); };
  const auto pretrain = [] { pretraining_documents(kSeed, -2); };
  const ErrorParts validation = parts_of_usage_error(make);
  EXPECT_EQ(validation.code, "CL-03");
  EXPECT_EQ(validation.where, "built-in task: validation");
  EXPECT_EQ(validation.got, "-1");
  EXPECT_EQ(parts_of_usage_error(pretrain).got, "-2");
}

TEST(BuiltinTask, PromptsOfAllSplitsAreDifferent) {
  std::set<std::string> prompts;
  for (const Post& post : all_posts()) prompts.insert(post.prompt);
  EXPECT_EQ(prompts.size(), all_posts().size());
}

// Equal prompts of two splits would be too rare to be seen in a sample, so the rule that forbids
// them is checked at every post: its split is the home of its prompt.
TEST(BuiltinTask, EveryPromptIsAtHomeInItsSplit) {
  using builtin::Split;
  const auto count_at_home = [](const std::vector<Post>& posts, Split split) {
    return std::ranges::count_if(
        posts, [&](const Post& post) { return builtin::home_of(post.prompt) == split; });
  };
  EXPECT_EQ(count_at_home(task().train, Split::kTrain), 8000);
  EXPECT_EQ(count_at_home(task().calibration, Split::kCalibration), 128);
  EXPECT_EQ(count_at_home(task().validation, Split::kValidation), 128);
  EXPECT_EQ(count_at_home(task().test, Split::kTest), 192);
}

TEST(BuiltinTask, NoHeldOutPromptInsidePretrainingDocuments) {
  std::set<std::string> held_out;
  for (const Post& post : task().calibration) held_out.insert(post.prompt);
  for (const Post& post : task().validation) held_out.insert(post.prompt);
  for (const Post& post : task().test) held_out.insert(post.prompt);
  for (const std::string& document : documents()) {
    // A document without a summary must not be a held-out prompt that only lacks its tag.
    const std::size_t tag = document.find(kSummaryTag);
    const std::string prompt = tag == std::string::npos
                                   ? document + ' ' + std::string(kSummaryTag)
                                   : document.substr(0, tag + kSummaryTag.size());
    ASSERT_EQ(builtin::home_of(prompt), builtin::Split::kTrain) << document;
    ASSERT_FALSE(held_out.contains(prompt)) << document;
  }
}

TEST(BuiltinTask, PromptsAndDocumentsAreWellFormed) {
  for (const Post& post : all_posts()) {
    ASSERT_TRUE(post.prompt.starts_with("SUBREDDIT: r/")) << post.prompt;
    ASSERT_TRUE(post.prompt.ends_with(" TL;DR:")) << post.prompt;
    ASSERT_TRUE(post.completion.starts_with("my ")) << post.completion;
    ASSERT_TRUE(post.completion.ends_with(" ?")) << post.completion;
  }
  for (const std::string& text : all_texts()) {
    ASSERT_TRUE(text.starts_with("SUBREDDIT: r/")) << text;
    ASSERT_FALSE(text.ends_with(' ') || text.ends_with(kSummaryTag)) << text;
    ASSERT_EQ(text.find("  "), std::string::npos) << text;
    ASSERT_EQ(text.find_first_of("{}\n\"\\"), std::string::npos) << text;
  }
}

// The summary can be written from the post alone.
TEST(BuiltinTask, PromptsContainEveryCopiedFact) {
  for (const Post& post : all_posts()) {
    const std::vector<std::string> summary = words(post.completion);
    const std::string &relation = summary[1], &name = summary[2];
    ASSERT_TRUE(contains(post.prompt, "my " + relation + ' ' + name) ||
                contains(post.prompt, "so " + name + " , my " + relation + " ,"))
        << post.prompt;
    const std::size_t stop = post.completion.find(" . tried ");
    const std::size_t comma = post.completion.rfind(" , ", stop);
    const std::string duration = post.completion.substr(comma + 3, stop - comma - 3);
    ASSERT_TRUE(contains(post.prompt, ' ' + duration + ' ')) << post.prompt;
    const std::size_t last = post.completion.rfind(" . ") + 3;
    const std::string ask = post.completion.substr(last, post.completion.size() - last - 2);
    ASSERT_TRUE(contains(post.prompt, "thinking that i should " + ask + " .") ||
                contains(post.prompt, "now i want to " + ask + " ."))
        << post.prompt;
  }
}

// The summary words an attempt and an outcome as its list pairs it with the post's wording.
TEST(BuiltinTask, AttemptsAndOutcomesAreParaphrased) {
  for (const Post& post : task().test) {
    int told = 0;
    for (const builtin::Paraphrase& attempt : builtin::kAttempts) {
      for (const builtin::Paraphrase& outcome : builtin::kOutcomes) {
        const std::string in_post = joined({attempt.in_post, " but ", outcome.in_post, " ."});
        const std::string in_summary =
            joined({" . tried ", attempt.in_summary, " , ", outcome.in_summary, " . "});
        const bool is_told = contains(post.prompt, in_post);
        ASSERT_EQ(is_told, contains(post.completion, in_summary)) << post.prompt;
        told += is_told;
      }
    }
    EXPECT_EQ(told, 1) << post.prompt;
  }
}

TEST(BuiltinTask, ProblemsAreParaphrased) {
  for (const Post& post : task().test) {
    const std::string object = object_of(post);
    int told = 0;
    for (const builtin::Paraphrase& problem : builtin::kProblems) {
      const bool is_told = contains(post.prompt, ' ' + with_object(problem.in_post, object) + " .");
      const std::string in_summary = ' ' + with_object(problem.in_summary, object) + " ,";
      ASSERT_EQ(is_told, contains(post.completion, in_summary)) << post.prompt;
      told += is_told;
    }
    EXPECT_EQ(told, 1) << post.prompt;
  }
}

TEST(BuiltinVocabulary, IsExactlyTheWordsOfTheDocuments) {
  const std::vector<std::string> vocabulary = builtin_vocabulary();
  ASSERT_EQ(vocabulary.size(), 367u);
  EXPECT_EQ(first(vocabulary, 3), (std::vector<std::string>{"<s>", "</s>", "<unk>"}));
  EXPECT_TRUE(std::is_sorted(vocabulary.begin() + 3, vocabulary.end()));
  std::set<std::string> used;
  for (const std::string& text : all_texts()) {
    for (std::string& word : words(text)) used.insert(std::move(word));
  }
  // Both directions: no document has an unknown word, and no entry is never seen.
  EXPECT_EQ(std::vector<std::string>(used.begin(), used.end()),
            std::vector<std::string>(vocabulary.begin() + 3, vocabulary.end()));
}

}  // namespace
}  // namespace trainer
