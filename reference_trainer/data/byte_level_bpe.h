// Byte-pair encoding of words over the 256 bytes.
#pragma once

#include <array>
#include <string_view>
#include <vector>

#include "reference_trainer/data/bpe.h"
#include "reference_trainer/data/word_table.h"

namespace trainer {

struct ByteLevelBpe {
  Bpe bpe;                            // its strings are written in the byte-level alphabet
  std::array<TokenId, 256> byte_ids;  // -1 for a byte whose character the vocabulary lacks
  WordTable words;                    // bytes whose encoding is one token
};

ByteLevelBpe make_byte_level(Bpe bpe);

// Appends the tokens of `word`, any bytes, to `out`. Throws as bpe_encode.
void byte_level_encode(const ByteLevelBpe& model, std::string_view word, std::vector<TokenId>& out);

}  // namespace trainer
