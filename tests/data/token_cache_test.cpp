// Samples from a cache are those from memory; a damaged cache is made again.
#include "reference_trainer/data/token_cache.h"

#include <gtest/gtest.h>

#include <set>

#include "tests/data/sft_samples.h"

namespace trainer {
namespace {

const std::string kRows =
    "{\"prompt\": \"a b\", \"completion\": \"c d\"}\n\n"
    "{\"prompt\": \"a\", \"completion\": \"\"}\r\n"
    "{\"text\": \"a b c d e f a b c d e f a b c\"}\n"
    "{\"messages\": [{\"role\": \"user\", \"content\": \"f\"},"
    " {\"role\": \"assistant\", \"content\": \"e\"}]}";

class TokenCaches : public testing::Test {
 protected:
  TokenCaches() {
    tokenizer_directory_.write("tokenizer.json", word_tokenizer_json().dump());
    dataset_ = files_.write("d.jsonl", kRows);
  }
  std::filesystem::path folder() const { return files_.path() / "cache" / "tokens"; }
  TokenCacheSource source(const Tokenizer& tokenizer) const {
    return {dataset_, tokenizer_directory_.path(), tokenizer, {{kEos}}, options_};
  }
  std::unique_ptr<TokenCache> open(const Tokenizer& tokenizer) const {
    return TokenCache::open(folder(), source(tokenizer));
  }
  std::vector<std::filesystem::path> entries() const {
    std::vector<std::filesystem::path> found;
    for (const auto& entry : std::filesystem::directory_iterator(folder()))
      found.push_back(entry.path());
    return found;
  }

  TemporaryDirectory files_, tokenizer_directory_;
  std::filesystem::path dataset_;
  SftOptions options_ = fit_into(100);
};

void expect_samples(const TokenCache& cache, const SftDataset& memory) {
  ASSERT_EQ(cache.size(), static_cast<std::int64_t>(memory.samples.size()));
  EXPECT_EQ(cache.counts().summary(), memory.counts.summary());
  SftSample sample;
  for (std::int64_t i = cache.size() - 1; i >= 0; --i) {
    const SftSample& expected = memory.samples[static_cast<std::size_t>(i)];
    cache.read(i, sample);
    EXPECT_EQ(sample.tokens, expected.tokens);
    EXPECT_EQ(sample.target, expected.target);
    EXPECT_EQ(sample.prompt_length, expected.prompt_length);
    EXPECT_EQ(cache.length(i), static_cast<std::int64_t>(expected.tokens.size()));
    const SftSample whole = cache.sample_with_reference(i);
    EXPECT_EQ(whole.reference, expected.reference);
    EXPECT_EQ(whole.tokens, expected.tokens);
  }
}

// Two bytes for a token, and four where the vocabulary needs them.
TEST_F(TokenCaches, HoldWhatMemoryHolds) {
  nlohmann::json wide = word_tokenizer_json();
  for (int id = 12; id < 70000; ++id) wide["model"]["vocab"]["w" + std::to_string(id)] = id;
  wide["model"]["vocab"]["w"] = 8;
  wide["model"]["vocab"]["f"] = 70000;
  for (const nlohmann::json& json : {word_tokenizer_json(), wide}) {
    tokenizer_directory_.write("tokenizer.json", json.dump());
    const Tokenizer tokenizer = load_tokenizer(json, 100000);
    const SftDataset memory = read_sft_dataset(dataset_, tokenizer, {{kEos}}, options_);
    ASSERT_EQ(memory.samples.size(), 3u);
    const auto first = open(tokenizer);
    EXPECT_TRUE(first->note().starts_with("tokenized")) << first->note();
    expect_samples(*first, memory);
    const auto second = open(tokenizer);
    EXPECT_TRUE(second->note().starts_with("tokens from")) << second->note();
    expect_samples(*second, memory);
  }
  EXPECT_EQ(entries().size(), 2u);
}

TEST_F(TokenCaches, EveryChangeOfASourceIsAnotherKey) {
  const Tokenizer tokenizer = load_tokenizer(word_tokenizer_json(), 100);
  std::set<std::string> keys = {token_cache_key(source(tokenizer))};
  const auto expect_new = [&](const char* what) {
    EXPECT_TRUE(keys.insert(token_cache_key(source(tokenizer))).second) << what;
  };
  options_.max_length = 7;
  expect_new("max_length");
  options_.loss_on = LossOn::kAllTokens;
  expect_new("loss_on");
  options_.max_samples = 2;
  expect_new("max_samples");
  options_.chat_template = ChatTemplate::kPlain;
  expect_new("chat_template");
  files_.write("d.jsonl", kRows + "\n");
  expect_new("dataset");
  tokenizer_directory_.write("tokenizer.json", word_tokenizer_json().dump() + "\n");
  expect_new("tokenizer");
  TokenCacheSource other = source(tokenizer);
  other.special.eos = {kBos};
  EXPECT_TRUE(keys.insert(token_cache_key(other)).second);
}

// Any bit of the file, and any shorter file.
TEST_F(TokenCaches, DamagedOnesAreMadeAgain) {
  const Tokenizer tokenizer = load_tokenizer(word_tokenizer_json(), 100);
  const SftDataset memory = read_sft_dataset(dataset_, tokenizer, {{kEos}}, options_);
  open(tokenizer);
  const std::filesystem::path path = entries().at(0);
  std::ifstream stream(path, std::ios::binary);
  const std::string whole((std::istreambuf_iterator<char>(stream)), {});
  for (std::size_t at = 0; at < whole.size(); at += 5) {
    std::string bad = whole;
    bad[at] = static_cast<char>(bad[at] ^ 4);
    std::ofstream(path, std::ios::binary) << (at % 2 == 0 ? bad : whole.substr(0, at));
    const auto cache = open(tokenizer);
    ASSERT_TRUE(cache->note().starts_with("damaged")) << "byte " << at;
    if (at % 50 == 0) expect_samples(*cache, memory);
  }
  EXPECT_EQ(entries().size(), 1u);
}

TEST_F(TokenCaches, FailuresLeaveNothing) {
  const Tokenizer tokenizer = load_tokenizer(word_tokenizer_json(), 100);
  files_.write("d.jsonl", kRows + "\n{\"prompt\": 3}");
  EXPECT_EQ(error_of([&] { open(tokenizer); }).code, "DS-04");
  EXPECT_TRUE(entries().empty());
  dataset_ = files_.path() / "missing";
  EXPECT_EQ(error_of([&] { open(tokenizer); }).code, "DS-07");
  dataset_ = files_.write("p", "PAR1 and so on");
  EXPECT_EQ(error_of([&] { open(tokenizer); }).code, "DS-07");
}

// Lines cross the pieces in which a file is read.
TEST(LineReaders, FindEveryLineAndItsPlace) {
  const TemporaryDirectory directory;
  std::string text = "\xef\xbb\xbf";
  std::vector<std::pair<std::string, std::uint64_t>> lines;
  for (std::size_t i = 0; i < 40; ++i) {
    lines.emplace_back(std::string(i * 7919 % 200000, static_cast<char>('a' + i % 26)),
                       text.size());
    text += lines.back().first + "\n";
  }
  const auto file = directory.write("lines", text + "\nlast");
  lines.emplace_back("", text.size());
  lines.emplace_back("last", text.size() + 1);
  LineReader reader(file);
  for (const auto& [line, offset] : lines) {
    ASSERT_TRUE(reader.next());
    ASSERT_EQ(reader.line(), line);
    ASSERT_EQ(reader.offset(), offset);
  }
  EXPECT_FALSE(reader.next());
  EXPECT_EQ(reader.number(), 42);
  for (std::size_t i = lines.size(); i-- > 0;) {
    ASSERT_TRUE(reader.next_at(lines[i].second));
    ASSERT_EQ(reader.line(), lines[i].first);
  }
}

}  // namespace
}  // namespace trainer
