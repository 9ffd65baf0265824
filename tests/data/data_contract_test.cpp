// Data sets that change, overlap or are partly malformed; sizes beyond what memory should hold.
#include <gmock/gmock.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include <chrono>

#include "reference_trainer/base/process.h"
#include "reference_trainer/data/bpe.h"
#include "reference_trainer/data/overlap.h"
#include "reference_trainer/data/sft_dataset_lines.h"
#include "reference_trainer/data/token_cache.h"
#include "reference_trainer/data/unchanged_file.h"
#include "reference_trainer/data/vocabulary_files.h"
#include "tests/data/sft_samples.h"

namespace trainer {
namespace {

using ::testing::HasSubstr;

const std::string kGood = R"({"prompt": "a", "completion": "b"})";

SftOptions skipping(std::int64_t rows) {
  SftOptions options;
  options.skip_bad = rows;
  return options;
}

TEST(SkipBad, DS01_MalformedRowsAreLeftOutCountedAndListed) {
  const std::string text = kGood + "\n{\"prompt\": }\n" + kGood + "\n{\"prompt\": \"a\"}\n\xff\n" +
                           R"({"prompt": "c", "completion": "d"})";
  const SftDataset data = read_rows(text, skipping(3));
  ASSERT_EQ(data.samples.size(), 3u);
  EXPECT_EQ(data.samples[2].tokens, (Ids{kBos, kC, kD, kEos}));
  EXPECT_EQ(data.counts.rows, 3);
  EXPECT_EQ(data.counts.bad, 3);
  EXPECT_THAT(data.counts.summary(), HasSubstr("3 malformed rows skipped"));
  ASSERT_EQ(data.counts.bad_rows.size(), 3u);
  EXPECT_THAT(data.counts.bad_rows[0], HasSubstr("DS-01"));
  EXPECT_THAT(data.counts.bad_rows[0], HasSubstr("data.jsonl:2:12"));
  EXPECT_THAT(data.counts.bad_rows[1], HasSubstr("DS-04"));
  EXPECT_THAT(data.counts.bad_rows[2], HasSubstr("DS-05"));
}

TEST(SkipBad, DS01_OneRowMoreThanAllowedEndsTheReading) {
  const std::string text = "{\n" + kGood + "\n[1]\n{\"prompt\": 3}\n";
  EXPECT_EQ(error_of([&] { read_rows(text); }).code, "DS-01");
  const ErrorParts third = error_of([&] { read_rows(text, skipping(2)); });
  EXPECT_THAT(third.where, HasSubstr("data.jsonl:4"));
  EXPECT_EQ(read_rows(text, skipping(3)).samples.size(), 1u);
}

TEST(SkipBad, DS02_OnlyMalformedRowsAreNoDataSet) {
  EXPECT_EQ(error_of([] { read_rows("{\n{\n", skipping(5)); }).code, "DS-08");
}

TEST(SkipBad, DS03_LinesAboveTheLimitAreNeverSkipped) {
  const std::string text = kGood + "\n" + std::string((std::size_t{16} << 20) + 1, ' ');
  EXPECT_EQ(error_of([&] { read_rows(text, skipping(9)); }).code, "DS-03");
}

TEST(SkipBad, DS01_TheFirstTwentyAreListed) {
  std::string text = kGood + "\n";
  for (int i = 0; i < 30; ++i) text += "{\n";
  const SftCounts counts = read_rows(text, skipping(100)).counts;
  EXPECT_EQ(counts.bad, 30);
  EXPECT_EQ(counts.bad_rows.size(), 20u);
}

class ChangingDataSets : public testing::Test {
 protected:
  ChangingDataSets() { tokenizer_files_.write("tokenizer.json", word_tokenizer_json().dump()); }
  TokenCacheSource source() const {
    return {dataset_, tokenizer_files_.path(), tokenizer_, {{kEos}}, {}};
  }
  TemporaryDirectory files_, tokenizer_files_;
  Tokenizer tokenizer_ = load_tokenizer(word_tokenizer_json(), 100);
  std::filesystem::path dataset_ = files_.write("d.jsonl", kGood + "\n" + kGood + "\n");
};

TEST_F(ChangingDataSets, DS06_AppendedTruncatedReplacedOrRemoved) {
  const auto expect_noticed = [&](const std::function<void()>& change) {
    files_.write("d.jsonl", kGood + "\n" + kGood + "\n");
    const UnchangedFile file(dataset_);
    EXPECT_NO_THROW(file.require());
    change();
    const ErrorParts error = error_of([&] { file.require(); });
    EXPECT_EQ(error.code, "DS-06");
    EXPECT_EQ(error.where, dataset_.string());
  };
  expect_noticed([&] { std::ofstream(dataset_, std::ios::app) << kGood; });
  expect_noticed([&] { std::filesystem::resize_file(dataset_, 5); });
  expect_noticed(
      [&] { std::filesystem::rename(files_.write("new", kGood + "\n" + kGood + "\n"), dataset_); });
  expect_noticed([&] { std::filesystem::remove(dataset_); });
  expect_noticed([&] {  // the same bytes, written again at another time
    const auto then = std::filesystem::last_write_time(dataset_);
    std::filesystem::last_write_time(dataset_, then + std::chrono::seconds(2));
  });
}

TEST_F(ChangingDataSets, DS06_WhileItIsRead) {
  const SftOptions options;
  const SpecialTokens special{{kEos}};
  const SftEncoder encoder(tokenizer_, special, options);
  const auto append_once = [&](const SftSample&, std::uint64_t) {
    std::ofstream(dataset_, std::ios::app) << kGood << "\n";
  };
  EXPECT_EQ(error_of([&] { read_sft_rows(dataset_, encoder, options, append_once); }).code,
            "DS-06");
}

TEST_F(ChangingDataSets, DS06_BehindACacheOfItsTokens) {
  const auto cache = TokenCache::open(files_.path() / "cache", source());
  EXPECT_EQ(cache->sample_with_reference(1).reference, "b");
  const auto then = std::filesystem::last_write_time(dataset_);
  std::ofstream(dataset_, std::ios::app) << kGood;
  EXPECT_EQ(error_of([&] { cache->sample_with_reference(1); }).code, "DS-06");
  // Other words of the same length at the same time: only the tokens tell.
  files_.write("d.jsonl", kGood + "\n" + R"({"prompt": "a", "completion": "c"})" + "\n");
  std::filesystem::last_write_time(dataset_, then);
  const ErrorParts error = error_of([&] { cache->sample_with_reference(1); });
  EXPECT_EQ(error.code, "DS-06");
  EXPECT_THAT(error.got, HasSubstr("other contents"));
}

TEST_F(ChangingDataSets, DS10_SamplesOfBothAreCounted) {
  const std::string other = R"({"prompt": "c", "completion": "d"})";
  const auto samples = [](const std::string& text) { return read_rows(text).samples; };
  const auto train = samples(kGood + "\n" + kGood + "\n" + R"({"prompt": "e", "completion": "f"})");
  EXPECT_EQ(count_overlap(train, samples(other)), 0);
  EXPECT_EQ(count_overlap(train, samples(kGood)), 1);
  EXPECT_EQ(count_overlap(train, samples(kGood + "\n" + other + "\n" + kGood)), 2);
  EXPECT_EQ(count_overlap(train, {}), 0);
  const auto cache = TokenCache::open(files_.path() / "cache", source());
  const std::vector<std::int64_t> rows = {0, 1};
  EXPECT_EQ(count_overlap(SampleView(*cache, rows), samples(kGood + "\n" + other)), 1);
}

// 24 bytes of memory for each line of a data set whose tokens are in a cache (docs/data.md). The
// files are some 60 and 30 bytes per line.
TEST_F(ChangingDataSets, DS11_ManyShortLinesNeedTheirIndexOnly) {
  constexpr std::int64_t kLines = 300'000;
  {
    std::ofstream file(dataset_);
    for (std::int64_t i = 0; i < kLines; ++i) file << kGood << "\n";
  }
  const std::uint64_t before = peak_resident_bytes();
  const auto cache = TokenCache::open(files_.path() / "cache", source());
  EXPECT_EQ(cache->size(), kLines);
  const std::uint64_t grown = peak_resident_bytes() - before;
  // The index while it is written and while it is read, its vector growing by doubling, and pieces.
  EXPECT_LE(grown, 4 * 24 * static_cast<std::uint64_t>(kLines) + (std::uint64_t{8} << 20));
  SftSample sample;
  cache->read(kLines - 1, sample);
  EXPECT_EQ(sample.tokens, (Ids{kBos, kA, kB, kEos}));
}

// Addresses without memory: the size is refused before a byte is looked at.
TEST(LongTexts, TK11_PiecesOf2To31Bytes) {
  const std::size_t bytes = std::size_t{1} << 31;
  void* nothing =
      ::mmap(nullptr, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  ASSERT_NE(nothing, MAP_FAILED);
  const std::string_view text(static_cast<const char*>(nothing), bytes);
  const Bpe bpe{};
  std::vector<TokenId> out;
  const ErrorParts error = error_of([&] { bpe_encode(bpe, text, out); });
  EXPECT_EQ(error.code, "TK-11");
  EXPECT_THAT(error.got, HasSubstr("2147483648 bytes"));
  EXPECT_TRUE(out.empty());
  ::munmap(nothing, bytes);
}

// The 200 MB of 10^7 merges, and one byte more than is read: holes, refused by their size.
TEST(LargeTokenizers, TK06_FilesBeyondTheLimitAreNotRead) {
  for (const char* name : {"tokenizer.json", "vocab.json", "merges.txt", "tokenizer_config.json"}) {
    const TemporaryDirectory directory;
    const bool is_whole = name == std::string("tokenizer.json");
    if (!is_whole) {
      std::ofstream(directory.path() / "vocab.json") << R"({"a": 0})";
      std::ofstream(directory.path() / "merges.txt") << "";
      std::ofstream(directory.path() / "tokenizer_config.json")
          << R"({"tokenizer_class": "GPT2Tokenizer"})";
    }
    for (const std::uintmax_t bytes : {std::uintmax_t{200'000'000}, kMostTokenizerBytes + 1}) {
      std::ofstream(directory.path() / name, std::ios::app);
      std::filesystem::resize_file(directory.path() / name, bytes);
      const ErrorParts error = error_of([&] { Tokenizer::load(directory.path(), 1); });
      EXPECT_EQ(error.code, "TK-06") << name;
      EXPECT_THAT(error.where, HasSubstr(name));
      EXPECT_THAT(error.got, HasSubstr(std::to_string(bytes) + " bytes"));
    }
  }
}

TEST(LargeTokenizers, TK06_AFileOfTheLimitIsRead) {
  const TemporaryDirectory directory;
  std::ofstream(directory.path() / "tokenizer.json") << "[";
  std::filesystem::resize_file(directory.path() / "tokenizer.json", kMostTokenizerBytes);
  const ErrorParts error = error_of([&] { Tokenizer::load(directory.path(), 1); });
  EXPECT_EQ(error.code, "TK-03");  // the zeros behind the bracket
}

// 160000 words and merges: a bound that work by their square would pass by far.
TEST(LargeTokenizers, TK06_ManyMergesAreLoaded) {
  constexpr int kMerges = 160'000;
  const TemporaryDirectory directory;
  std::uintmax_t bytes = 0;
  {
    std::ofstream file(directory.path() / "tokenizer.json");
    file << R"({"model": {"type": "BPE", "vocab": {"a": 0, "b": 1, "c": 2, "d": 3, "e": 4)";
    // Words are numbers in base 4, letters b ... e, after an a: each is its prefix and a letter.
    std::vector<std::string> words = {"a"};
    std::string list;
    for (int i = 0; i < kMerges; ++i) {
      const std::string prefix = words[static_cast<std::size_t>(i / 4)];
      const char letter = static_cast<char>('b' + i % 4);
      words.push_back(prefix + letter);
      file << ", \"" << words.back() << "\": " << i + 5;
      list += (i == 0 ? "\"" : ", \"") + prefix + " " + letter + "\"";
    }
    file << "}, \"merges\": [" << list << "]}}";
    bytes = static_cast<std::uintmax_t>(file.tellp());
  }
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(Tokenizer::load(directory.path(), kMerges + 5).size(), kMerges + 5);
  const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
  EXPECT_LT(taken.count(), 1.0 + static_cast<double>(bytes) / (1 << 20));  // 1 s/MiB
}

}  // namespace
}  // namespace trainer
