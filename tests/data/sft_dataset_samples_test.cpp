// Rows to samples: tokens, targets, truncation and counts.
#include <gtest/gtest.h>

#include "reference_trainer/data/sft_dataset_rows.h"
#include "tests/data/sft_samples.h"

namespace trainer {
namespace {

SftRow row_of(const std::string& json) { return parse_sft_row(nlohmann::json::parse(json), "f:1"); }

TEST(SftSamples, PromptAndCompletion) {
  const SftDataset data = read_rows(R"({"prompt": "a b", "completion": "c d", "id": 7})");
  ASSERT_EQ(data.samples.size(), 1u);
  const SftSample& sample = data.samples[0];
  EXPECT_EQ(sample.tokens, (Ids{kBos, kA, kB, kC, kD, kEos}));
  EXPECT_EQ(sample.target, (Mask{0, 0, 0, 1, 1, 1}));
  EXPECT_EQ(sample.prompt_length, 3);
  EXPECT_EQ(sample.reference, "c d");
}

TEST(SftSamples, Text) {
  const SftSample sample = read_rows(R"({"text": "a b"})").samples.at(0);
  EXPECT_EQ(sample.tokens, (Ids{kBos, kA, kB, kEos}));
  EXPECT_EQ(sample.target, (Mask{0, 1, 1, 1}));
  EXPECT_EQ(sample.prompt_length, 0);
  EXPECT_EQ(sample.reference, "a b");
}

TEST(SftSamples, LossOnAllTokens) {
  SftOptions options;
  options.loss_on = LossOn::kAllTokens;
  const SftSample sample = read_rows(R"({"prompt": "a", "completion": "b"})", options).samples[0];
  EXPECT_EQ(sample.target, (Mask{0, 1, 1, 1}));
  EXPECT_EQ(sample.prompt_length, 2);
}

TEST(SftSamples, ConversationLearnsEveryAnswer) {
  const SftSample sample = read_rows(line_of(R"({"messages": [{"role": "system", "content": "a"},
      {"role": "user", "content": "b"}, {"role": "assistant", "content": "c"},
      {"role": "user", "content": "d"}, {"role": "assistant", "content": ""},
      {"role": "user", "content": "e"}, {"role": "assistant", "content": "f"},
      {"role": "user", "content": "a"}]})"))
                               .samples.at(0);
  EXPECT_EQ(sample.tokens, (Ids{kBos, kSystem, kA, kUser, kB, kAssistant, kC, kEos, kUser, kD,
                                kAssistant, kEos, kUser, kE, kAssistant, kF, kEos}));
  EXPECT_EQ(sample.target, (Mask{0, 0, 0, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 1, 1}));
  EXPECT_EQ(sample.prompt_length, 15);
  EXPECT_EQ(sample.reference, "f");
}

TEST(SftSamples, ConversationIsRenderedInTheTuluForm) {
  const SftRow row = row_of(R"({"messages": [{"role": "user", "content": "a\n"},
      {"role": "assistant", "content": [{"type": "text", "text": "b"},
                                        {"type": "text", "value": " c"}]},
      {"role": "user", "content": "d"}, {"role": "assistant", "content": "e"}]})");
  ASSERT_EQ(row.turns.size(), 2u);
  EXPECT_EQ(row.turns[0].context, "<|user|>\na\n\n<|assistant|>\n");
  EXPECT_EQ(row.turns[0].completion, "b c");
  EXPECT_EQ(row.turns[1].context, "\n<|user|>\nd\n<|assistant|>\n");
  EXPECT_EQ(row.turns[1].completion, "e");
}

TEST(SftSamples, MessagesWinOverPromptOverText) {
  EXPECT_EQ(row_of(R"({"text": "t", "prompt": "p", "completion": "c"})").turns[0].context, "p");
  EXPECT_TRUE(
      row_of(R"({"prompt": "p", "messages": [{"role": "user", "content": "u"}]})").turns.empty());
}

TEST(SftSamples, DS09_PromptLosesItsLeftEndBehindBos) {
  const SftDataset data = read_rows(R"({"prompt": "a b c", "completion": "d e"})", fit_into(5));
  const SftSample& sample = data.samples.at(0);
  EXPECT_EQ(sample.tokens, (Ids{kBos, kC, kD, kE, kEos}));
  EXPECT_EQ(sample.target, (Mask{0, 0, 1, 1, 1}));
  EXPECT_EQ(sample.prompt_length, 2);
  EXPECT_EQ(data.counts.prompts_truncated, 1);
  EXPECT_EQ(data.counts.summary(), "1 row: 1 kept, 1 prompt truncated");
}

TEST(SftSamples, DS09_ExactFits) {
  const std::string row = R"({"prompt": "a", "completion": "b c"})";  // <s> a b c </s>
  EXPECT_EQ(read_rows(row, fit_into(5)).counts.prompts_truncated, 0);
  EXPECT_EQ(read_rows(row, fit_into(4)).samples.at(0).tokens, (Ids{kBos, kB, kC, kEos}));
  EXPECT_EQ(error_of([&] { read_rows(row, fit_into(3)); }).code, "DS-08");
}

TEST(SftSamples, DS09_LongCompletionAndEmptyCompletionAreCounted) {
  const SftDataset data = read_rows(
      "{\"prompt\": \"a\", \"completion\": \"a b c d e\"}\n"
      "{\"prompt\": \"a\", \"completion\": \"\"}\n"
      "{\"messages\": [{\"role\": \"user\", \"content\": \"a\"}]}\n"
      "{\"text\": \"\"}\n"
      "{\"prompt\": \"a\", \"completion\": \"b\"}\n",
      fit_into(5));
  EXPECT_EQ(data.samples.size(), 1u);
  EXPECT_EQ(data.counts.dropped_too_long, 1);
  EXPECT_EQ(data.counts.dropped_without_target, 3);
  EXPECT_EQ(data.counts.summary(),
            "5 rows: 1 kept, 4 dropped (1 completion too long, 3 without target)");
}

TEST(SftSamples, DS09_TextIsCutAtTheRight) {
  const SftDataset data = read_rows(R"({"text": "a b c"})", fit_into(3));
  EXPECT_EQ(data.samples.at(0).tokens, (Ids{kBos, kA, kB}));
  EXPECT_EQ(data.counts.summary(), "1 row: 1 kept, 1 text truncated");
}

TEST(SftSamples, ConversationIsTruncatedInEarlierTurns) {
  const SftSample sample = read_rows(line_of(R"({"messages": [{"role": "user", "content": "a"},
      {"role": "assistant", "content": "b c"}, {"role": "user", "content": "d"},
      {"role": "assistant", "content": "e"}]})"),
                                     fit_into(8))
                               .samples.at(0);
  EXPECT_EQ(sample.tokens, (Ids{kBos, kC, kEos, kUser, kD, kAssistant, kE, kEos}));
  EXPECT_EQ(sample.target, (Mask{0, 1, 1, 0, 0, 0, 1, 1}));
  EXPECT_EQ(sample.prompt_length, 6);
}

TEST(SftSamples, EndMarkerOfAnotherModelIsStripped) {
  const SftDataset data = read_rows(
      "{\"prompt\": \"a\", \"completion\": \"b<|endoftext|>\"}\n"
      "{\"prompt\": \"a\", \"completion\": \"<|endoftext|>\"}\n");
  ASSERT_EQ(data.samples.size(), 1u);
  EXPECT_EQ(data.samples[0].tokens, (Ids{kBos, kA, kB, kEos}));
  EXPECT_EQ(data.samples[0].reference, "b");
  EXPECT_EQ(data.counts.dropped_without_target, 1);
}

// In the vocabulary it is content, unless it is an end of sequence: then it is appended once.
TEST(SftSamples, EndMarkerInTheVocabulary) {
  nlohmann::json json = word_tokenizer_json();
  json["model"]["vocab"]["<|endoftext|>"] = 12;
  json["added_tokens"].push_back({{"id", 12}, {"content", "<|endoftext|>"}, {"special", true}});
  const Tokenizer tokenizer = load_tokenizer(json, 100);
  const TemporaryDirectory directory;
  const auto file = directory.write("d", R"({"prompt": "a", "completion": "b<|endoftext|>"})");
  EXPECT_EQ(read_sft_dataset(file, tokenizer, {{kEos}}, {}).samples[0].tokens,
            (Ids{kBos, kA, kB, 12, kEos}));
  const SftSample ended = read_sft_dataset(file, tokenizer, {{12, kEos}}, {}).samples[0];
  EXPECT_EQ(ended.tokens, (Ids{kBos, kA, kB, 12}));
  EXPECT_EQ(ended.reference, "b");
}

// Nothing precedes the first token, so nothing can learn to predict it.
TEST(SftSamples, FirstTokenIsNeverATarget) {
  nlohmann::json json = word_tokenizer_json();
  json["post_processor"] = nullptr;
  const Tokenizer tokenizer = load_tokenizer(json, 100);
  const TemporaryDirectory directory;
  const auto file = directory.write("d",
                                    "{\"prompt\": \"\", \"completion\": \"a b\"}\n"
                                    "{\"prompt\": \"\", \"completion\": \"a\"}\n");
  const SftDataset data = read_sft_dataset(file, tokenizer, {}, {});
  EXPECT_EQ(data.counts.dropped_without_target, 1);
  ASSERT_EQ(data.samples.size(), 1u);
  EXPECT_EQ(data.samples[0].target, (Mask{0, 1}));
}

TEST(SftSamples, MaxSamplesCountsKeptRows) {
  SftOptions options;
  options.max_samples = 1;
  const SftDataset data = read_rows(
      "{\"text\": \"\"}\n"
      "{\"text\": \"a\"}\n"
      "not read any more\n",
      options);
  EXPECT_EQ(data.counts.rows, 2);
  EXPECT_EQ(data.samples.size(), 1u);
}

}  // namespace
}  // namespace trainer
