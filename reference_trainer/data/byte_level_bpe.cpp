#include "reference_trainer/data/byte_level_bpe.h"

#include <algorithm>
#include <utility>

#include "reference_trainer/data/byte_level.h"

namespace trainer {
namespace {

// False where a byte has no token.
bool byte_tokens(const ByteLevelBpe& model, std::string_view word, std::vector<TokenId>& out) {
  out.resize(word.size());
  std::transform(word.begin(), word.end(), out.begin(),
                 [&](char byte) { return model.byte_ids[static_cast<unsigned char>(byte)]; });
  return std::find(out.begin(), out.end(), -1) == out.end();
}

void encode_by_merges(const ByteLevelBpe& model, std::string_view word, std::vector<TokenId>& out) {
  std::vector<TokenId> tokens;
  if (byte_tokens(model, word, tokens)) {
    bpe_merge(model.bpe.merges, tokens, out);
  } else {
    bpe_encode(model.bpe, to_byte_level(word), out);
  }
}

}  // namespace

// The reference looks words up only where the file says so (ignore_merges); without it, a token
// that its own merges do not give must not be taken.
ByteLevelBpe make_byte_level(Bpe bpe) {
  ByteLevelBpe model;
  model.bpe = std::move(bpe);
  for (int byte = 0; byte < 256; ++byte) {
    const auto character = byte_level_character(static_cast<unsigned char>(byte));
    model.byte_ids[byte] = model.bpe.vocabulary.find(character).value_or(-1);
  }
  std::vector<TokenId> tokens;
  for (const auto& [token, id] : model.bpe.vocabulary) {
    const std::string bytes = from_byte_level(token);
    if (to_byte_level(bytes) != token) continue;  // no text of bytes is this token
    tokens.clear();
    if (model.bpe.known_words == KnownWords::kMerged) encode_by_merges(model, bytes, tokens);
    if (tokens.empty() || (tokens.size() == 1 && tokens[0] == id)) model.words.insert(bytes, id);
  }
  return model;
}

void byte_level_encode(const ByteLevelBpe& model, std::string_view word,
                       std::vector<TokenId>& out) {
  if (const auto id = model.words.find(word)) {
    out.push_back(*id);
  } else {
    encode_by_merges(model, word, out);
  }
}

}  // namespace trainer
