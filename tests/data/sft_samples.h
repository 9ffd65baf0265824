// A tokenizer of whole words and data sets written line by line.
#pragma once

#include <string>

#include "reference_trainer/data/sft_dataset.h"
#include "tests/data/data_test_files.h"

namespace trainer {

// <s> in front; </s> ends a text; a ... f are 3 ... 8; then the words of a conversation.
inline constexpr TokenId kBos = 1, kEos = 2, kA = 3, kB = 4, kC = 5, kD = 6, kE = 7, kF = 8;
inline constexpr TokenId kUser = 9, kAssistant = 10, kSystem = 11;

inline nlohmann::json word_tokenizer_json() {
  return nlohmann::json::parse(R"json({
    "added_tokens": [{"id": 1, "content": "<s>", "special": true},
                     {"id": 2, "content": "</s>", "special": true}],
    "pre_tokenizer": {"type": "WhitespaceSplit"},
    "post_processor": {"type": "TemplateProcessing",
      "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}},
                 {"Sequence": {"id": "A", "type_id": 0}}],
      "special_tokens": {"<s>": {"id": "<s>", "ids": [1], "tokens": ["<s>"]}}},
    "model": {"type": "WordLevel", "unk_token": "<unk>",
              "vocab": {"<unk>": 0, "<s>": 1, "</s>": 2, "a": 3, "b": 4, "c": 5, "d": 6, "e": 7,
                        "f": 8, "<|user|>": 9, "<|assistant|>": 10, "<|system|>": 11}}})json");
}

inline SftDataset read_rows(const std::string& text, const SftOptions& options = {}) {
  const TemporaryDirectory directory;
  const std::filesystem::path file = directory.write("data.jsonl", text);
  return read_sft_dataset(file, load_tokenizer(word_tokenizer_json(), 100), {{kEos}}, options);
}

inline SftOptions fit_into(std::int64_t max_length) {
  SftOptions options;
  options.max_length = max_length;
  return options;
}

// JSON written over several lines as one line of JSONL.
inline std::string line_of(const std::string& json) { return nlohmann::json::parse(json).dump(); }

using Ids = std::vector<TokenId>;
using Mask = std::vector<std::uint8_t>;

}  // namespace trainer
