// Conversations as text and ids: against `transformers`, and what each template makes a target.
#include "reference_trainer/data/chat_template.h"

#include <gtest/gtest.h>

#include <map>

#include "reference_trainer/data/sft_dataset_rows.h"
#include "tests/data/sft_samples.h"

namespace trainer {
namespace {

constexpr ChatTemplate kEvery[] = {ChatTemplate::kTulu, ChatTemplate::kChatml, ChatTemplate::kQwen2,
                                   ChatTemplate::kLlama3, ChatTemplate::kPlain};

std::vector<ChatMessage> messages_of(const nlohmann::json& list) {
  const std::map<std::string, ChatRole> roles = {{"system", ChatRole::kSystem},
                                                 {"user", ChatRole::kUser},
                                                 {"assistant", ChatRole::kAssistant}};
  std::vector<ChatMessage> messages;
  for (const auto& m : list) messages.push_back({roles.at(m["role"]), m["content"]});
  return messages;
}

std::string text_of(const std::vector<SftTurn>& turns, const std::string& eos) {
  std::string text;
  for (const SftTurn& t : turns) text += t.context + t.completion + (t.end.empty() ? eos : t.end);
  return text;
}

TEST(ChatTemplates, TextIsThatOfTransformers) {
  const nlohmann::json golden = read_golden("chat_templates.json");
  const std::string eos = golden["eos"];
  ASSERT_EQ(golden["cases"].size(), 8u);
  for (const auto& one : golden["cases"]) {
    const std::vector<ChatMessage> messages = messages_of(one["messages"]);
    for (const ChatTemplate chat : kEvery) {
      const std::string name(name_of(chat));
      const std::vector<SftTurn> turns = render_chat(chat, messages);
      EXPECT_EQ(text_of(turns, eos), one["texts"][name]) << name;
      const std::vector<SftTurn> before(turns.begin(), turns.end() - 1);
      EXPECT_EQ(text_of(before, eos) + turns.back().context, one["prompts"][name]) << name;
    }
  }
}

std::string fnv(const std::vector<TokenId>& ids) {
  std::uint64_t value = 0xcbf29ce484222325u;
  for (const TokenId id : ids) {
    for (int shift = 0; shift < 32; shift += 8)
      value = (value ^ ((static_cast<std::uint32_t>(id) >> shift) & 255u)) * 0x100000001b3u;
  }
  char text[17];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(value));
  return text;
}

Tokenizer qwen2(const TemporaryDirectory& directory) {
  for (const char* name : {"vocab.json", "merges.txt", "tokenizer_config.json"})
    std::filesystem::copy(shared_data("tokenizers/qwen2_" + std::string(name)),
                          directory.path() / name);
  return Tokenizer::load(directory.path(), 151936);
}

// Rows whose answer begins with a line feed would differ: an answer is tokenized as it is
// generated.
TEST(ChatTemplates, IdsOfRealConversationsAreThoseOfTransformers) {
  if (!std::filesystem::exists(shared_data("datasets")))
    GTEST_SKIP() << "needs the shared data: datasets";
  const TemporaryDirectory directory;
  const Tokenizer tokenizer = qwen2(directory);
  const nlohmann::json golden = read_golden("chat_templates.json")["messages_500"];
  for (const ChatTemplate chat :
       {ChatTemplate::kChatml, ChatTemplate::kQwen2, ChatTemplate::kTulu}) {
    SftOptions options;
    options.max_length = 1 << 20;
    options.chat_template = chat;
    const SftDataset data = read_sft_dataset(shared_data("datasets/messages_500.jsonl"), tokenizer,
                                             {{151643}}, options);
    const auto& rows = golden[std::string(name_of(chat))];
    ASSERT_EQ(data.samples.size(), rows.size());
    for (std::size_t i = 0; i < rows.size(); ++i) {
      ASSERT_EQ(data.samples[i].tokens.size(), rows[i][0]) << name_of(chat) << " row " << i;
      ASSERT_EQ(fnv(data.samples[i].tokens), rows[i][1]) << name_of(chat) << " row " << i;
    }
  }
}

Tokenizer chatml_words() {
  nlohmann::json json = word_tokenizer_json();
  TokenId id = 12;
  for (const char* text : {"user", "assistant", "system"}) json["model"]["vocab"][text] = id++;
  for (const char* text : {"<|im_start|>", "<|im_end|>"}) {
    json["model"]["vocab"][text] = id;
    json["added_tokens"].push_back({{"id", id++}, {"content", text}, {"special", true}});
  }
  return load_tokenizer(json, 100);
}

SftDataset read_chatml(const Tokenizer& tokenizer, const std::string& row, std::int64_t length) {
  const TemporaryDirectory directory;
  SftOptions options = fit_into(length);
  options.chat_template = ChatTemplate::kChatml;
  return read_sft_dataset(directory.write("d.jsonl", row), tokenizer, {{kEos}}, options);
}

constexpr TokenId kUserWord = 12, kAssistantWord = 13, kStart = 15, kEnd = 16;

// No BOS of the tokenizer, one id for each marker, and targets on answers and their ends alone.
TEST(ChatTemplates, ChatmlLearnsAnswersAndTheirEnds) {
  const std::string row = line_of(R"({"messages": [{"role": "user", "content": "a"},
      {"role": "assistant", "content": "b"}, {"role": "user", "content": "c"},
      {"role": "assistant", "content": "d"}]})");
  const SftSample sample = read_chatml(chatml_words(), row, 100).samples.at(0);
  EXPECT_EQ(sample.tokens, (Ids{kStart, kUserWord, kA, kEnd, kStart, kAssistantWord, kB, kEnd,
                                kStart, kUserWord, kC, kEnd, kStart, kAssistantWord, kD, kEnd}));
  EXPECT_EQ(sample.target, (Mask{0, 0, 0, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 1, 1}));
  EXPECT_EQ(sample.prompt_length, 14);
  EXPECT_EQ(sample.reference, "d");
}

TEST(ChatTemplates, AnswersInsideAPromptAreNotLearned) {
  const std::string row = line_of(R"({"prompt": [{"role": "user", "content": "a"},
      {"role": "assistant", "content": "b"}, {"role": "user", "content": "c"}],
      "completion": [{"role": "assistant", "content": "d"}]})");
  const SftSample sample = read_rows(row).samples.at(0);
  EXPECT_EQ(sample.tokens,
            (Ids{kBos, kUser, kA, kAssistant, kB, kEos, kUser, kC, kAssistant, kD, kEos}));
  EXPECT_EQ(sample.target, (Mask{0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1}));
  const std::string all_given = line_of(R"({"prompt": [{"role": "user", "content": "a"},
      {"role": "assistant", "content": "b"}], "completion": [{"role": "user", "content": "d"}]})");
  EXPECT_EQ(error_of([&] { read_rows(all_given); }).code, "DS-08");
}

TEST(ChatTemplates, DS13_MarkersMustBeTokens) {
  const Tokenizer without = load_tokenizer(word_tokenizer_json(), 100);
  const std::string row = R"({"messages": [{"role": "user", "content": "a"},
      {"role": "assistant", "content": "b"}]})";
  const ErrorParts error = error_of([&] { read_chatml(without, line_of(row), 100); });
  EXPECT_EQ(error.code, "DS-13");
  EXPECT_EQ(error.where, "--chat_template chatml");
  EXPECT_NE(error.got.find("<|im_start|>"), std::string::npos);
  // Rows without messages have no template.
  EXPECT_EQ(read_chatml(without, R"({"prompt": "a", "completion": "b"})", 100).counts.kept, 1);
}

TEST(ChatTemplates, TruncationKeepsTheFirstMarker) {
  const std::string row = line_of(R"({"messages": [{"role": "user", "content": "a b c d e f"},
      {"role": "assistant", "content": "b"}]})");
  const SftSample sample = read_chatml(chatml_words(), row, 8).samples.at(0);
  EXPECT_EQ(sample.tokens, (Ids{kStart, kE, kF, kEnd, kStart, kAssistantWord, kB, kEnd}));
}

// The other kinds of row: ShareGPT, and posts of TL;DR.
TEST(ChatTemplates, ShareGptIsAConversation) {
  const SftRow row = parse_sft_row(nlohmann::json::parse(R"({"conversations": [
      {"from": "system", "value": "s"}, {"from": "human", "value": "u"},
      {"from": "gpt", "value": "a"}]})"),
                                   "f:1");
  ASSERT_EQ(row.turns.size(), 1u);
  EXPECT_EQ(row.turns[0].context, "<|system|>\ns\n<|user|>\nu\n<|assistant|>\n");
  EXPECT_EQ(row.turns[0].completion, "a");
}

TEST(ChatTemplates, TldrPostBecomesThePublishedPrompt) {
  const SftRow row = parse_sft_row(nlohmann::json::parse(R"({"id": "x", "subreddit": "books",
      "title": "T", "post": "P\nq", "summary": "S"})"),
                                   "f:1");
  ASSERT_EQ(row.turns.size(), 1u);
  EXPECT_EQ(row.turns[0].context, "SUBREDDIT: r/books\n\nTITLE: T\n\nPOST: P\nq\n\nTL;DR:");
  EXPECT_EQ(row.turns[0].completion, " S");
}

TEST(ChatTemplates, DS04_FieldsOfTheOtherRows) {
  const std::pair<const char*, const char*> rows[] = {
      {R"({"conversations": []})", "f:1:/conversations"},
      {R"({"conversations": [{"from": "bot", "value": "a"}]})", "f:1:/conversations/0/from"},
      {R"({"conversations": [{"from": "gpt"}]})", "f:1:/conversations/0/value"},
      {R"({"prompt": [{"role": "user", "content": "a"}], "completion": "b"})", "f:1:/completion"},
      {R"({"prompt": "a", "completion": [{"role": "user", "content": "b"}]})", "f:1:/completion"},
      {R"({"prompt": [], "completion": []})", "f:1:/prompt"},
      {R"({"prompt": [{"role": "x", "content": "a"}], "completion": []})", "f:1:/prompt/0/role"},
      {R"({"subreddit": "a", "post": "b", "summary": "c"})", "f:1:/title"},
      {R"({"subreddit": "a", "title": 3, "post": "b", "summary": "c"})", "f:1:/title"},
      {R"({"subreddit": "a", "title": "t", "post": "b"})", "f:1:/summary"}};
  for (const auto& [text, where] : rows) {
    const nlohmann::json row = nlohmann::json::parse(text);
    const ErrorParts error = error_of([&] { parse_sft_row(row, "f:1"); });
    EXPECT_EQ(error.code, "DS-04") << text;
    EXPECT_EQ(error.where, where) << text;
  }
}

}  // namespace
}  // namespace trainer
