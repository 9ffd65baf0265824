// What tokenizer.json may not contain, by code and JSON pointer.
#include <gtest/gtest.h>

#include "tests/data/data_test_files.h"
#include "tests/data/tokenizer_samples.h"

namespace trainer {
namespace {

using nlohmann::json;

// Sets `pointer` of the file to `value`; the failure must have `code` and name `place`.
struct BadFile {
  std::string pointer, value, code, place;
};

void expect_refused(const json& good, const std::vector<BadFile>& cases) {
  ASSERT_NO_THROW(load_tokenizer(good, 7));
  for (const BadFile& bad : cases) {
    json changed = good;
    changed[json::json_pointer(bad.pointer)] = json::parse(bad.value);
    const ErrorParts error = error_of([&] { load_tokenizer(changed, 7); });
    EXPECT_EQ(error.code, bad.code) << bad.pointer << " " << bad.value;
    EXPECT_TRUE(error.where.ends_with("tokenizer.json:" + bad.place)) << error.where;
  }
}

const std::string kReplaceByRegex =
    R"({"type": "Replace", "pattern": {"Regex": " +"}, "content": "_"})";

TEST(TokenizerFile, TK01_PartsThatWeDoNotImplement) {
  expect_refused(
      bpe_json(),
      {{"/model/type", "\"Unigram\"", "TK-01", "/model/type"},
       {"/model", "{}", "TK-01", "/model/type"},
       {"/normalizer", R"({"type": "NFKC"})", "TK-01", "/normalizer/type"},
       {"/normalizer", kReplaceByRegex, "TK-01", "/normalizer/pattern/Regex"},
       {"/normalizer", R"({"type": "Sequence", "normalizers": [{"type": "Lowercase"}]})", "TK-01",
        "/normalizer/normalizers/0/type"},
       {"/pre_tokenizer", R"({"type": "Metaspace"})", "TK-01", "/pre_tokenizer/type"},
       {"/pre_tokenizer", R"({"type": "WhitespaceSplit", "x": 1})", "TK-01", "/pre_tokenizer/x"},
       {"/post_processor", R"({"type": "RobertaProcessing"})", "TK-01", "/post_processor/type"},
       {"/decoder", R"({"type": "Metaspace"})", "TK-01", "/decoder/type"},
       {"/decoder", R"({"type": "Fuse", "x": 0})", "TK-01", "/decoder/x"},
       {"/truncation", R"({"max_length": 4})", "TK-01", "/truncation"},
       {"/padding", "{}", "TK-01", "/padding"},
       {"/post_tokenizer", "null", "TK-01", "/post_tokenizer"}});
}

TEST(TokenizerFile, TK01_OptionsThatWeDoNotImplement) {
  const std::string added = R"({"id": 7, "content": "<z>", "strip": true})";
  expect_refused(
      bpe_json(),
      {{"/model/dropout", "0.1", "TK-01", "/model/dropout"},
       {"/model/ignore_merges", "1", "TK-01", "/model/ignore_merges"},
       {"/model/end_of_word_suffix", "\"</w>\"", "TK-01", "/model/end_of_word_suffix"},
       {"/model/continuing_subword_prefix", "\"##\"", "TK-01", "/model/continuing_subword_prefix"},
       {"/model/seed", "1", "TK-01", "/model/seed"},
       {"/added_tokens/0", added, "TK-01", "/added_tokens/0/strip"}});
}

TEST(TokenizerFile, TK01_PostProcessorTemplates) {
  json good = bpe_json();
  good["post_processor"] = json::parse(R"({"type": "TemplateProcessing",
      "single": [{"SpecialToken": {"id": "B", "type_id": 0}}, {"Sequence": {"id": "A"}}],
      "special_tokens": {"B": {"id": "B", "ids": [2, 6], "tokens": ["b", "abab"]}}})");
  EXPECT_EQ(load_tokenizer(good, 7).encode("a"), (std::vector<TokenId>{2, 6, 1}));
  const std::string twice = R"([{"Sequence": {"id": "A"}}, {"Sequence": {"id": "A"}}])";
  const std::string unknown = R"([{"SpecialToken": {"id": "C"}}, {"Sequence": {"id": "A"}}])";
  expect_refused(
      good,
      {{"/post_processor/single", "[]", "TK-01", "/post_processor/single"},
       {"/post_processor/single", twice, "TK-01", "/post_processor/single/1"},
       {"/post_processor/single/1/Sequence/id", "\"B\"", "TK-01", "/post_processor/single/1"},
       {"/post_processor/single", unknown, "TK-01", "/post_processor/special_tokens/C"},
       {"/post_processor/special_tokens/B/ids/1", "7", "TK-07", "/post_processor/special_tokens"}});
}

TEST(TokenizerFile, TK02_Ids) {
  expect_refused(bpe_json(), {{"/model/vocab/ab", "-1", "TK-02", "/model/vocab/ab"},
                              {"/model/vocab/ab", "2147483648", "TK-02", "/model/vocab/ab"},
                              {"/model/vocab/ab", "1.5", "TK-02", "/model/vocab/ab"},
                              {"/model/vocab/ab", "\"4\"", "TK-02", "/model/vocab/ab"},
                              {"/model/vocab/ab", "1", "TK-02", "/model/vocab/ab"},    // duplicated
                              {"/model/vocab/ab", "7", "TK-02", "/model/vocab/ab"}});  // vocab_size
  const std::string beyond = R"({"id": 7, "content": "<z>"})";
  expect_refused(bpe_json(), {{"/added_tokens/0", beyond, "TK-02", "/added_tokens/0/id"}});
}

TEST(TokenizerFile, TK02_HoleInIdsNamesTheFirst) {
  json holed = bpe_json();
  holed["model"]["vocab"]["c"] = 9;
  const ErrorParts error = error_of([&] { load_tokenizer(holed, 10); });
  EXPECT_EQ(error.code, "TK-02");
  EXPECT_EQ(error.got, "no token with id 7");
}

TEST(TokenizerFile, TK03_Strings) {
  expect_refused(bpe_json(), {{"/model/vocab", "{}", "TK-03", "/model/vocab"},
                              {"/model/vocab", R"({"": 0})", "TK-03", "/model/vocab/"}});
}

TEST(TokenizerFile, TK03_MalformedText) {
  const std::string files[] = {"",
                               "{",
                               R"({"a": "\ud800"})",
                               "{\"a\": \"\xff\"}",
                               R"({"model": 1, "model": 2})",
                               std::string(65, '[')};
  for (const std::string& text : files) {
    const TemporaryDirectory directory;
    directory.write("tokenizer.json", text);
    EXPECT_EQ(error_of([&] { Tokenizer::load(directory.path(), 7); }).code, "TK-03") << text;
  }
}

TEST(TokenizerFile, TK04_Merges) {
  expect_refused(bpe_json(), {{"/model/merges/1", R"(["a"])", "TK-04", "/model/merges/1"},
                              {"/model/merges/1", R"(["a","b","a"])", "TK-04", "/model/merges/1"},
                              {"/model/merges/1", R"("ab")", "TK-04", "/model/merges/1"},
                              {"/model/merges/1", R"("a b a")", "TK-04", "/model/merges/1"},
                              {"/model/merges/1", R"("a  ")", "TK-04", "/model/merges/1"},
                              {"/model/merges/1", R"("a c")", "TK-04", "/model/merges/1"},
                              {"/model/merges/1", R"("c a")", "TK-04", "/model/merges/1"},
                              {"/model/merges/1", "3", "TK-04", "/model/merges/1"},
                              {"/model/unk_token", "\"?\"", "TK-04", "/model/unk_token"}});
}

TEST(TokenizerFile, TK04_BothFormsOfMergesAreRead) {
  json strings = bpe_json();
  strings["model"]["merges"] = json::parse(R"(["a b", "ab ab"])");
  EXPECT_EQ(load_tokenizer(strings, 7).encode("abab"), (std::vector<TokenId>{6}));
}

TEST(TokenizerFile, TK05_MergeResultNotInVocabulary) {
  expect_refused(bpe_json(),
                 {{"/model/merges/1", R"(["b","a"])", "TK-05", "/model/merges/1"},
                  {"/model/merges/1", R"(["abab","abab"])", "TK-05", "/model/merges/1"}});
}

TEST(TokenizerFile, TK07_AddedTokens) {
  const auto added = [](const std::string& id, const std::string& content) {
    return R"({"id": )" + id + R"(, "content": ")" + content + R"("})";
  };
  json good = word_level_json();
  expect_refused(good, {{"/added_tokens/1", added("5", ""), "TK-07", "/added_tokens/1/content"},
                        {"/added_tokens/1", added("5", "<s>"), "TK-07", "/added_tokens/1/content"},
                        {"/added_tokens/1", added("5", "a"), "TK-07", "/added_tokens/1/id"},
                        {"/added_tokens/1", added("1", "<x>"), "TK-07", "/added_tokens/1/id"},
                        {"/added_tokens/1", added("6", "<x>"), "TK-07", "/added_tokens/2/id"}});
}

TEST(TokenizerFile, MissingFile) {
  const TemporaryDirectory directory;
  EXPECT_EQ(error_of([&] { Tokenizer::load(directory.path(), 7); }).code, "IO-01");
}

}  // namespace
}  // namespace trainer
