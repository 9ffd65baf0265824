// Byte-pair encoding of one piece of text: characters first, then the best-ranked merges (Sennrich
// et al. 2016), in O(n log n), so that a whole document may be one piece.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "reference_trainer/data/pair_table.h"
#include "reference_trainer/data/vocabulary.h"

namespace trainer {

// Characters that the vocabulary lacks: one unknown token for a run of them, or one for each.
enum class UnknownRuns { kFused, kSeparate };

// ignore_merges: whether a piece that is a word of the vocabulary is that token without merging.
enum class KnownWords { kMerged, kTaken };

struct Bpe {
  Vocabulary vocabulary;
  BpeMerges merges;
  std::array<TokenId, 256> byte_tokens;  // <0x00> ... <0xFF>; -1 where there is none
  std::optional<TokenId> unknown;        // without it, unknown characters vanish
  UnknownRuns unknown_runs = UnknownRuns::kSeparate;
  KnownWords known_words = KnownWords::kMerged;
};

// Appends the tokens of `piece` to `out`. A byte that is not UTF-8 counts as a character that the
// vocabulary lacks. Throws Error TK-11 when the piece has 2^31 bytes or more.
void bpe_encode(const Bpe& bpe, std::string_view piece, std::vector<TokenId>& out);

// Appends `tokens`, less than 2^31, after all merges to `out`; `tokens` is used as working space.
// Throws Error TK-11 when there are more.
void bpe_merge(const BpeMerges& merges, std::vector<TokenId>& tokens, std::vector<TokenId>& out);

}  // namespace trainer
