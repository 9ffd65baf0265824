// Byte-pair encoding of one piece of text: characters first, then the best-ranked merges (Sennrich
// et al. 2016), in O(n log n), so that a whole document may be one piece.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "reference_trainer/data/vocabulary.h"

namespace trainer {

// Characters that the vocabulary lacks: one unknown token for a run of them, or one for each.
enum class UnknownRuns { kFused, kSeparate };

struct BpeMerge {
  std::int32_t rank;  // smaller is merged earlier
  TokenId merged;
};

class BpeMerges {
 public:
  // A pair given twice keeps its last rank, as the reference implementation does.
  void set(TokenId left, TokenId right, BpeMerge merge) { table_[key(left, right)] = merge; }
  const BpeMerge* find(TokenId left, TokenId right) const {
    const auto found = table_.find(key(left, right));
    return found == table_.end() ? nullptr : &found->second;
  }

 private:
  static std::uint64_t key(TokenId left, TokenId right) {
    return static_cast<std::uint64_t>(left) << 32 | static_cast<std::uint32_t>(right);
  }
  std::unordered_map<std::uint64_t, BpeMerge> table_;
};

struct Bpe {
  Vocabulary vocabulary;
  BpeMerges merges;
  std::array<TokenId, 256> byte_tokens;  // <0x00> ... <0xFF>; -1 where there is none
  std::optional<TokenId> unknown;        // without it, unknown characters vanish
  UnknownRuns unknown_runs = UnknownRuns::kSeparate;
};

// Appends the tokens of `piece` to `out`. A byte that is not UTF-8 counts as a character that the
// vocabulary lacks. Throws Error TK-11 when the piece has 2^31 bytes or more.
void bpe_encode(const Bpe& bpe, std::string_view piece, std::vector<TokenId>& out);

}  // namespace trainer
