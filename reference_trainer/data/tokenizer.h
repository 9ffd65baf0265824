// Hugging Face tokenizer.json: BPE with byte fallback (the Llama-2 kind), byte-level BPE (GPT-2,
// GPT-NeoX, Qwen2, Llama 3) and word level (the built-in task). Whatever a file asks for that we do
// not implement is refused by its JSON pointer.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace trainer {

using TokenId = std::int32_t;

class Tokenizer {
 public:
  // Reads <directory>/tokenizer.json or, where there is none, vocab.json, merges.txt and
  // tokenizer_config.json. Throws Error with codes TK-01 ... TK-07. Ids must be below vocab_size
  // (TK-02).
  static Tokenizer load(const std::filesystem::path& directory, std::int64_t vocab_size);

  // Text from its beginning, with the special tokens the file's post-processor adds (e.g. BOS).
  // Bytes that are not UTF-8 count as unknown characters.
  std::vector<TokenId> encode(std::string_view text) const;

  // Text that continues what came before: no special tokens are added and no leading-space marker
  // is prepended, so a completion is tokenized as it will be generated.
  std::vector<TokenId> encode_continuation(std::string_view text) const;

  // All tokens as text; special tokens and ids without a token are left out. Bytes that are not
  // UTF-8 become U+FFFD.
  std::string decode(std::span<const TokenId> tokens) const;

  // The text that `continuation` adds after `prefix`: decode(prefix ++ continuation) without
  // decode(prefix), cut where the two begin to differ: a character that the prefix left incomplete
  // belongs to what is added.
  std::string decode_continuation(std::span<const TokenId> prefix,
                                  std::span<const TokenId> continuation) const;

  std::optional<TokenId> find(std::string_view token) const;  // exact entry or added token
  std::int64_t size() const;                                  // 1 + largest id

 private:
  struct Impl;
  std::shared_ptr<const Impl> impl_;
};

}  // namespace trainer
