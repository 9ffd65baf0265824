// The files of a tokenizer; vocab.json and merges.txt, in which byte-level ones come without
// tokenizer.json.
#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>

namespace trainer {

// Bytes of the largest file of a tokenizer that is read: a choice, below the 200 MB of 10^7 merges.
inline constexpr std::uintmax_t kMostTokenizerBytes = std::uintmax_t{128} << 20;

// tokenizer.json, or another file of a tokenizer. Throws Error TK-06 for more than
// kMostTokenizerBytes, before a byte is read, TK-03 for malformed JSON, IO-01 for a missing file.
nlohmann::json read_tokenizer_json(const std::filesystem::path& path);

// What tokenizer.json would say, from <directory>/vocab.json, merges.txt and tokenizer_config.json:
// its tokenizer_class names the way to cut text, its added_tokens_decoder the added tokens. Throws
// Error TK-01 for a class that is not GPT2Tokenizer or Qwen2Tokenizer (or Fast), TK-03 for
// malformed JSON, TK-06 for a file that is too large, IO-01 for a missing one.
nlohmann::json read_vocabulary_files(const std::filesystem::path& directory);

}  // namespace trainer
