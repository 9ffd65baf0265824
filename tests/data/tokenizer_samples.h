// Two tokenizers small enough to read, for tests to change.
#pragma once

#include <nlohmann/json.hpp>

namespace trainer {

// Words, as the built-in task has them. 7 ids.
inline nlohmann::json word_level_json() {
  return nlohmann::json::parse(R"json({
    "version": "1.0", "truncation": null, "padding": null,
    "added_tokens": [
      {"id": 3, "content": "<s>", "single_word": false, "lstrip": false, "rstrip": false,
       "normalized": false, "special": true},
      {"id": 5, "content": "<x>", "single_word": false, "lstrip": false, "rstrip": false,
       "normalized": true, "special": false},
      {"id": 6, "content": "<x>>", "single_word": false, "lstrip": false, "rstrip": false,
       "normalized": false, "special": false}],
    "normalizer": null,
    "pre_tokenizer": {"type": "WhitespaceSplit"},
    "post_processor": null,
    "decoder": null,
    "model": {"type": "WordLevel", "unk_token": "<unk>",
              "vocab": {"<unk>": 0, "a": 1, "b": 2, "<s>": 3, "a b": 4}}})json");
}

// Characters and three merges, without byte tokens. 7 ids.
inline nlohmann::json bpe_json() {
  return nlohmann::json::parse(R"json({
    "added_tokens": [],
    "normalizer": null, "pre_tokenizer": null, "post_processor": null,
    "decoder": {"type": "Fuse"},
    "model": {"type": "BPE", "dropout": null, "unk_token": "<unk>", "fuse_unk": false,
              "byte_fallback": false,
              "vocab": {"<unk>": 0, "a": 1, "b": 2, " ": 3, "ab": 4, "a ": 5, "abab": 6},
              "merges": [["a", "b"], ["a", " "], ["ab", "ab"]]}})json");
}

}  // namespace trainer
