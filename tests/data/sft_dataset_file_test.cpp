// Files that are no data set, and files that are one in an unusual dress.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "tests/data/sft_samples.h"

namespace trainer {
namespace {

const std::string kGood = R"({"prompt": "a", "completion": "b"})";

// The failure of reading `text`, with `where` behind the name of the file.
ErrorParts failure_of(const std::string& text) {
  ErrorParts error = error_of([&] { read_rows(text); });
  const std::string name = "data.jsonl";
  const std::size_t at = error.where.find(name);
  if (at != std::string::npos) error.where.erase(0, at + name.size());
  return error;
}

TEST(SftFile, DS01_BadJsonNamesLineAndColumn) {
  const std::string before = kGood + "\n\n" + kGood + "\r\n";
  for (const std::string& bad : {std::string("{\"prompt\": }"), std::string("{\"prompt\": ")}) {
    const ErrorParts error = failure_of(before + bad + "\n" + kGood);
    EXPECT_EQ(error.code, "DS-01");
    EXPECT_TRUE(error.where == ":4:12" || error.where == ":4:11") << error.where;
  }
  // What was read is of the line alone, however many come before it.
  EXPECT_EQ(failure_of(before + "not JSON").got.find("U+000A"), std::string::npos);
  EXPECT_EQ(failure_of(before + "not JSON").where, ":4:2");
  EXPECT_EQ(failure_of("{\"a\": 1, \"a\": 2}").code, "DS-01");
  EXPECT_EQ(failure_of(std::string(70, '[')).code, "DS-01");
  EXPECT_EQ(failure_of(kGood + kGood).code, "DS-01");
}

TEST(SftFile, DS02_Empty) {
  for (const char* text : {"", "\n", "\xef\xbb\xbf", " \r\n\t\n\n"}) {
    EXPECT_EQ(failure_of(text).code, "DS-02") << text;
  }
}

TEST(SftFile, DS02_LineEndsAndByteOrderMark) {
  for (const std::string& text :
       {kGood, kGood + "\n", kGood + "\r\n", "\xef\xbb\xbf" + kGood, "\n \n" + kGood + "\n\n"}) {
    EXPECT_EQ(read_rows(text).counts.rows, 1) << text;
  }
  EXPECT_EQ(read_rows(kGood + "\r\n" + kGood + "\n" + kGood).counts.rows, 3);
}

TEST(SftFile, DS03_LineLimit) {
  const auto padded = [](std::size_t bytes) {
    return kGood + std::string(bytes - kGood.size(), ' ');
  };
  const std::size_t limit = std::size_t{16} << 20;
  EXPECT_EQ(read_rows(padded(limit)).counts.rows, 1);
  const ErrorParts error = failure_of(kGood + "\n" + padded(limit + 1));
  EXPECT_EQ(error.code + error.where, "DS-03:2");
}

struct BadRow {
  std::string row, pointer;
};

TEST(SftFile, DS04_FieldsByLineAndPointer) {
  const std::string messages = R"({"messages": [{"role": "user", "content": "a"}, )";
  const BadRow rows[] = {
      {R"([1])", "/"},
      {R"({"a": "b"})", "/"},
      {R"({"prompt": "a"})", "/completion"},
      {R"({"completion": "a"})", "/prompt"},
      {R"({"prompt": null, "completion": "a"})", "/prompt"},
      {R"({"prompt": "a", "completion": 3})", "/completion"},
      {R"({"text": null})", "/text"},
      {R"({"messages": null})", "/messages"},
      {R"({"messages": []})", "/messages"},
      {R"({"messages": {}})", "/messages"},
      {messages + "3]}", "/messages/1"},
      {messages + R"({"content": "a"}]})", "/messages/1/role"},
      {messages + R"({"role": "tool", "content": "a"}]})", "/messages/1/role"},
      {messages + R"({"role": "user"}]})", "/messages/1/content"},
      {messages + R"({"role": "user", "content": null}]})", "/messages/1/content"},
      {messages + R"({"role": "user", "content": [{"type": "image"}]}]})",
       "/messages/1/content/0/type"},
      {messages + R"({"role": "user", "content": [{"type": "text"}]}]})",
       "/messages/1/content/0/text"},
      {messages + R"({"role": "user", "content": ["a"]}]})", "/messages/1/content/0"}};
  for (const BadRow& bad : rows) {
    const ErrorParts error = failure_of(kGood + "\n" + bad.row + "\n");
    EXPECT_EQ(error.code, "DS-04") << bad.row;
    EXPECT_EQ(error.where, ":2:" + bad.pointer) << bad.row;
  }
}

TEST(SftFile, DS05_InvalidUtf8NamesTheLine) {
  const ErrorParts error = failure_of(kGood + "\n{\"text\": \"a\xff\"}");
  EXPECT_EQ(error.code, "DS-05");
  EXPECT_EQ(error.where, ":2:12");
}

// A NUL is text; a lone surrogate is not, and the JSON that spells it is malformed.
TEST(SftFile, DS05_NulAndLoneSurrogate) {
  EXPECT_EQ(read_rows(R"({"text": "a\u0000"})").samples.at(0).reference, std::string("a\0", 2));
  EXPECT_EQ(failure_of(R"({"text": "\ud800"})").code, "DS-01");
}

TEST(SftFile, DS07_NotARegularFile) {
  const TemporaryDirectory directory;
  const Tokenizer tokenizer = load_tokenizer(word_tokenizer_json(), 100);
  const auto code_of = [&](const std::filesystem::path& path) {
    return error_of([&] { read_sft_dataset(path, tokenizer, {}, {}); }).code;
  };
  EXPECT_EQ(code_of(directory.path()), "DS-07");
  const std::filesystem::path fifo = directory.path() / "fifo";
  ASSERT_EQ(mkfifo(fifo.c_str(), 0600), 0);
  EXPECT_EQ(code_of(fifo), "DS-07");  // and does not wait for a writer
  EXPECT_EQ(code_of("/dev/zero"), "DS-07");
  EXPECT_EQ(code_of(directory.path() / "missing"), "DS-07");
  EXPECT_EQ(code_of(directory.write("a.jsonl", "\x1f\x8b\x08")), "DS-07");
  EXPECT_EQ(code_of(directory.write("b.jsonl", "PK\x03\x04")), "DS-07");
}

TEST(SftFile, DS08_NoTargetLeft) {
  const ErrorParts error = failure_of(R"({"prompt": "a", "completion": ""})");
  EXPECT_EQ(error.code, "DS-08");
  EXPECT_EQ(error.got, "1 row: 0 kept, 1 dropped (1 without target)");
}

TEST(SftFile, SharedDataSetsAreRead) {
  if (!std::filesystem::exists(shared_data("datasets"))) {
    GTEST_SKIP() << "needs the shared data: datasets";
  }
  const Tokenizer tokenizer = Tokenizer::load(shared_data("models/stories260K-hf"), 512);
  const std::pair<const char*, std::int64_t> files[] = {
      {"tldr_100", 100}, {"xsum_tldr_200", 200}, {"samsum_200", 200}, {"messages_500", 500}};
  for (const auto& [name, rows] : files) {
    const std::filesystem::path file = shared_data("datasets/" + std::string(name) + ".jsonl");
    const SftDataset data = read_sft_dataset(file, tokenizer, {{2}}, fit_into(512));
    EXPECT_EQ(data.counts.rows, rows) << name;
    EXPECT_GT(data.counts.kept, rows / 2) << data.counts.summary();
    for (const SftSample& sample : data.samples) {
      ASSERT_LE(sample.tokens.size(), 512u);
      ASSERT_EQ(sample.tokens.front(), 1);
      ASSERT_EQ(sample.tokens.back(), 2);
      ASSERT_FALSE(sample.reference.ends_with("<|endoftext|>"));
    }
  }
}

}  // namespace
}  // namespace trainer
