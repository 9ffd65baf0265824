// tokenizer.json as plain data: everything that a tokenizer does, and nothing that we do not do.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "reference_trainer/data/added_tokens.h"
#include "reference_trainer/data/bpe.h"
#include "reference_trainer/data/byte_level_bpe.h"
#include "reference_trainer/data/json_cursor.h"
#include "reference_trainer/data/normalizer.h"
#include "reference_trainer/data/pre_tokenizer.h"
#include "reference_trainer/data/token_decoder.h"
#include "reference_trainer/data/vocabulary.h"

namespace trainer {

// A piece of text that is a word of the vocabulary is that token, any other is the unknown token.
struct WordLevel {
  Vocabulary vocabulary;
  TokenId unknown = 0;
};

using TokenModel = std::variant<Bpe, ByteLevelBpe, WordLevel>;

// Special tokens around every text, from the file's post-processor.
struct TextTemplate {
  std::vector<TokenId> before, after;
};

struct TokenizerFile {
  std::vector<AddedToken> added;
  std::vector<NormalizerStep> normalizer;
  PreTokenizer pre_tokenizer;
  TokenModel model;
  TextTemplate text_template;
  std::optional<std::vector<DecoderStep>> decoder;
  std::vector<std::string> tokens;  // [size] by id, the model's and the added ones
};

// Throws Error: TK-01 what we do not implement, TK-02 ids, TK-03 malformed JSON or strings, TK-04
// and TK-05 merges, TK-07 added tokens; each at its JSON pointer. Ids must be below vocab_size.
TokenizerFile parse_tokenizer_file(const nlohmann::json& root, const std::string& where,
                                   std::int64_t vocab_size);

// The parts, in the order of the file; each cursor stands on the part's value.
std::vector<AddedToken> parse_added_tokens(const JsonCursor& part);
std::vector<NormalizerStep> parse_normalizer(const JsonCursor& part);
PreTokenizer parse_pre_tokenizer(const JsonCursor& part);
TextTemplate parse_post_processor(const JsonCursor& part, std::size_t token_count);
std::optional<std::vector<DecoderStep>> parse_decoder(const JsonCursor& part);
TokenModel parse_token_model(const JsonCursor& part);

// The strings of all ids, after checking that the ids 0 ... size-1 are each given once (TK-02) and
// that the added tokens agree with the model and with each other (TK-07).
std::vector<std::string> token_table(const JsonCursor& root, const TokenModel& model,
                                     const std::vector<AddedToken>& added, std::int64_t vocab_size);

const Vocabulary& vocabulary_of(const TokenModel& model);

}  // namespace trainer
