// vocab.json and merges.txt, in which byte-level tokenizers come without tokenizer.json.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>

namespace trainer {

// What tokenizer.json would say, from <directory>/vocab.json, merges.txt and tokenizer_config.json:
// its tokenizer_class names the way to cut text, its added_tokens_decoder the added tokens. Throws
// Error TK-01 for a class that is not GPT2Tokenizer or Qwen2Tokenizer (or Fast), TK-03 for
// malformed JSON, IO-01 for a missing file.
nlohmann::json read_vocabulary_files(const std::filesystem::path& directory);

}  // namespace trainer
