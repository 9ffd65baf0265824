#include "reference_trainer/data/vocabulary_files.h"

#include <charconv>
#include <string>
#include <string_view>
#include <utility>

#include "reference_trainer/base/error.h"
#include "reference_trainer/data/json_cursor.h"
#include "reference_trainer/data/text_splitter.h"

namespace trainer {
namespace {

using nlohmann::json;

std::string read_tokenizer_file(const std::filesystem::path& path) {
  std::error_code unknown;  // what has no size is for read_file to judge
  const std::uintmax_t bytes = std::filesystem::file_size(path, unknown);
  if (!unknown && bytes > kMostTokenizerBytes) {
    throw_bad_input({"TK-06", path.string(), std::to_string(bytes) + " bytes",
                     "at most " + std::to_string(kMostTokenizerBytes) + " in a tokenizer's file",
                     "this is no tokenizer's file, or one with entries beyond any use"});
  }
  return read_file(path);
}

// One merge a line; the first line may be a comment on the version.
json merges_of(std::string_view text) {
  json merges = json::array();
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    std::string_view line = text.substr(at, end - at);
    if (line.ends_with('\r')) line.remove_suffix(1);
    const bool is_version = at == 0 && line.starts_with("#version");
    if (!is_version && !line.empty()) merges.push_back(line);
    at = end + 1;
  }
  return merges;
}

json added_tokens(const JsonCursor& config) {
  json tokens = json::array();
  if (!config.has("added_tokens_decoder")) return tokens;
  const JsonCursor list = config.at("added_tokens_decoder");
  list.expect_object();
  for (const auto& [key, token] : list.value().items()) {
    std::int64_t id = 0;
    const auto [stop, error] = std::from_chars(key.data(), key.data() + key.size(), id);
    if (error != std::errc() || stop != key.data() + key.size()) {
      list.under("TK-02").fail_with(in_quotes(key), "ids as keys");
    }
    list.at(key).expect_object();
    tokens.push_back(token);
    tokens.back()["id"] = id;
  }
  return tokens;
}

bool has_prefix_space(const JsonCursor& config) {
  return config.has("add_prefix_space") && config.at("add_prefix_space").boolean();
}

json byte_level(bool is_prefixed, bool uses_regex) {
  return {{"type", "ByteLevel"},
          {"add_prefix_space", is_prefixed},
          {"trim_offsets", true},
          {"use_regex", uses_regex}};
}

json qwen2_pre_tokenizer(bool is_prefixed) {
  const json split = {{"type", "Split"},
                      {"pattern", {{"Regex", regular_expression_of(SplitPattern::kQwen2)}}},
                      {"behavior", "Isolated"},
                      {"invert", false}};
  return {{"type", "Sequence"}, {"pretokenizers", {split, byte_level(is_prefixed, false)}}};
}

// The parts that transformers gives a tokenizer of this class.
json parts_of_class(const JsonCursor& config) {
  std::string name = config.at("tokenizer_class").string();
  if (name.ends_with("Fast")) name.resize(name.size() - 4);
  const bool is_prefixed = has_prefix_space(config);
  if (name == "Qwen2Tokenizer") {
    return {{"normalizer", {{"type", "NFC"}}}, {"pre_tokenizer", qwen2_pre_tokenizer(is_prefixed)}};
  }
  if (name != "GPT2Tokenizer") {
    config.at("tokenizer_class")
        .fail("GPT2Tokenizer or Qwen2Tokenizer, where there is no tokenizer.json",
              "save the tokenizer as tokenizer.json");
  }
  return {{"pre_tokenizer", byte_level(is_prefixed, true)}};
}

}  // namespace

json read_tokenizer_json(const std::filesystem::path& path) {
  return parse_json(read_tokenizer_file(path), {path.string(), "TK-03", "", ""});
}

json read_vocabulary_files(const std::filesystem::path& directory) {
  const std::filesystem::path path = directory / "tokenizer_config.json";
  const json settings = read_tokenizer_json(path);
  const JsonCursor config(settings, path.string(), "TK-01");
  json result = parts_of_class(config);
  result["added_tokens"] = added_tokens(config);
  result["decoder"] = {{"type", "ByteLevel"}};
  result["model"] = {{"type", "BPE"},
                     {"vocab", read_tokenizer_json(directory / "vocab.json")},
                     {"merges", merges_of(read_tokenizer_file(directory / "merges.txt"))}};
  return result;
}

}  // namespace trainer
