// A prompt outside of a data set begins as the samples of training do.
#include <gtest/gtest.h>

#include "reference_trainer/data/sft_dataset_encode.h"
#include "tests/data/sft_samples.h"

namespace trainer {
namespace {

// With the special tokens of chatml and llama3.
Tokenizer chat_tokenizer() {
  nlohmann::json json = word_tokenizer_json();
  int id = 12;
  for (const ChatTemplate chat : {ChatTemplate::kChatml, ChatTemplate::kLlama3}) {
    for (const std::string_view marker : chat_markers(chat))
      json["added_tokens"].push_back({{"id", id++}, {"content", marker}, {"special", true}});
  }
  return load_tokenizer(json, 100);
}

std::vector<TokenId> prompt_of_training(const Tokenizer& tokenizer, const SftOptions& options) {
  const TemporaryDirectory directory;
  const std::filesystem::path file = directory.write(
      "data.jsonl",
      R"({"messages": [{"role": "user", "content": "a b"}, {"role": "assistant", "content": "c"}]})");
  const SftSample sample = read_sft_dataset(file, tokenizer, {{kEos}}, options).samples.at(0);
  return {sample.tokens.begin(), sample.tokens.begin() + sample.prompt_length};
}

TEST(SftPrompt, IsThatOfASampleUnderEveryTemplate) {
  const Tokenizer tokenizer = chat_tokenizer();
  const SpecialTokens special{{kEos}};
  std::vector<std::vector<TokenId>> prompts;
  for (const ChatTemplate chat : {ChatTemplate::kTulu, ChatTemplate::kChatml, ChatTemplate::kQwen2,
                                  ChatTemplate::kLlama3, ChatTemplate::kPlain}) {
    SftOptions options;
    options.chat_template = chat;
    prompts.push_back(SftEncoder(tokenizer, special, options).encode_prompt("a b"));
    EXPECT_EQ(prompts.back(), prompt_of_training(tokenizer, options)) << name_of(chat);
  }
  EXPECT_EQ(prompts[0], (std::vector<TokenId>{kBos, kUser, kA, kB, kAssistant}));
  EXPECT_NE(prompts[1], prompts[2]);
}

TEST(SftPrompt, IsNeverCut) {
  const Tokenizer tokenizer = chat_tokenizer();
  const SpecialTokens special{{kEos}};
  const SftOptions options = fit_into(3);
  EXPECT_EQ(SftEncoder(tokenizer, special, options).encode_prompt("a b c").size(), 6u);
}

TEST(SftPrompt, DS13_NeedsTheTokensOfTheTemplate) {
  const Tokenizer tokenizer = load_tokenizer(word_tokenizer_json(), 100);
  const SpecialTokens special{{kEos}};
  SftOptions options;
  options.chat_template = ChatTemplate::kChatml;
  try {
    (void)SftEncoder(tokenizer, special, options).encode_prompt("a");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.parts().code, "DS-13");
  }
}

}  // namespace
}  // namespace trainer
