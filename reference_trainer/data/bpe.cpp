#include "reference_trainer/data/bpe.h"

#include <algorithm>
#include <limits>
#include <queue>
#include <string>

#include "reference_trainer/base/error.h"
#include "reference_trainer/data/utf8.h"

namespace trainer {
namespace {

constexpr std::int32_t kNone = -1;

// A doubly linked list inside a vector; a symbol that was merged into its left neighbour is dead.
struct Symbol {
  TokenId id;
  std::int32_t previous, next;  // kNone at the ends
};
constexpr TokenId kDead = -1;

struct Candidate {
  std::int32_t rank, left;  // the pair (left, its next)
  TokenId merged;
};

struct WorseCandidate {  // best rank first, then leftmost
  bool operator()(const Candidate& a, const Candidate& b) const {
    return a.rank != b.rank ? a.rank > b.rank : a.left > b.left;
  }
};

using Queue = std::priority_queue<Candidate, std::vector<Candidate>, WorseCandidate>;

bool has_byte_tokens(const Bpe& bpe, std::string_view character) {
  for (const char byte : character) {
    if (bpe.byte_tokens[static_cast<unsigned char>(byte)] < 0) return false;
  }
  return true;
}

// Characters to tokens: the vocabulary, else bytes, else the unknown token. A pending unknown is
// emitted by the next *known* character, after bytes in between: the reference's order.
class CharacterReader {
 public:
  CharacterReader(const Bpe& bpe, std::vector<TokenId>& out) : bpe_(bpe), out_(out) {}

  void read(std::string_view character) {
    if (const auto id = bpe_.vocabulary.find(character)) {
      flush();
      out_.push_back(*id);
    } else if (has_byte_tokens(bpe_, character)) {
      for (const char byte : character) {
        out_.push_back(bpe_.byte_tokens[static_cast<unsigned char>(byte)]);
      }
    } else if (bpe_.unknown) {
      if (bpe_.unknown_runs == UnknownRuns::kSeparate) flush();
      pending_ = true;
    }
  }

  void flush() {
    if (pending_) out_.push_back(*bpe_.unknown);
    pending_ = false;
  }

 private:
  const Bpe& bpe_;
  std::vector<TokenId>& out_;
  bool pending_ = false;
};

std::vector<TokenId> character_tokens(const Bpe& bpe, std::string_view piece) {
  std::vector<TokenId> tokens;
  tokens.reserve(piece.size());
  CharacterReader reader(bpe, tokens);
  for (std::size_t at = 0; at < piece.size();) {
    const std::size_t length = std::max<std::size_t>(1, utf8_length(piece, at));
    reader.read(piece.substr(at, length));
    at += length;
  }
  reader.flush();
  return tokens;
}

std::vector<Symbol> linked(const std::vector<TokenId>& tokens) {
  std::vector<Symbol> symbols(tokens.size());
  const auto count = static_cast<std::int32_t>(tokens.size());
  for (std::int32_t i = 0; i < count; ++i) {
    symbols[i] = {tokens[i], i - 1, i + 1 < count ? i + 1 : kNone};
  }
  return symbols;
}

void push_pair(const BpeMerges& merges, const std::vector<Symbol>& symbols, std::int32_t left,
               Queue& queue) {
  if (left == kNone || symbols[left].next == kNone) return;
  const BpeMerge* merge = merges.find(symbols[left].id, symbols[symbols[left].next].id);
  if (merge != nullptr) queue.push({merge->rank, left, merge->merged});
}

// A candidate is stale once one of its symbols has changed; like the reference, the token it would
// give decides, not its rank.
bool is_current(const BpeMerges& merges, const std::vector<Symbol>& symbols,
                const Candidate& candidate) {
  const Symbol& left = symbols[candidate.left];
  if (left.id == kDead || left.next == kNone) return false;
  const BpeMerge* merge = merges.find(left.id, symbols[left.next].id);
  return merge != nullptr && merge->merged == candidate.merged;
}

void merge_with_next(std::int32_t position, TokenId merged, std::vector<Symbol>& symbols) {
  Symbol& left = symbols[position];
  Symbol& right = symbols[left.next];
  left.id = merged;
  left.next = right.next;
  right.id = kDead;
  if (left.next != kNone) symbols[left.next].previous = position;
}

void merge_all(const BpeMerges& merges, std::vector<Symbol>& symbols) {
  Queue queue;
  for (std::size_t i = 0; i < symbols.size(); ++i) {
    push_pair(merges, symbols, static_cast<std::int32_t>(i), queue);
  }
  while (!queue.empty()) {
    const Candidate best = queue.top();
    queue.pop();
    if (!is_current(merges, symbols, best)) continue;
    merge_with_next(best.left, best.merged, symbols);
    push_pair(merges, symbols, symbols[best.left].previous, queue);
    push_pair(merges, symbols, best.left, queue);
  }
}

void merge_long(const BpeMerges& merges, const std::vector<TokenId>& tokens,
                std::vector<TokenId>& out) {
  std::vector<Symbol> symbols = linked(tokens);
  merge_all(merges, symbols);
  for (const Symbol& symbol : symbols) {
    if (symbol.id != kDead) out.push_back(symbol.id);
  }
}

// Up to here, looking through all pairs for the best one costs less than a queue.
constexpr std::size_t kShort = 48;
constexpr BpeMerge kNoMerge{std::numeric_limits<std::int32_t>::max(), kDead};

BpeMerge merge_of(const BpeMerges& merges, TokenId left, TokenId right) {
  const BpeMerge* merge = merges.find(left, right);
  return merge == nullptr ? kNoMerge : *merge;
}

// Shortens `tokens` to what is left after all merges.
void merge_short(const BpeMerges& merges, std::vector<TokenId>& tokens) {
  std::array<BpeMerge, kShort> pairs;  // [i] of tokens i and i + 1
  std::size_t count = tokens.empty() ? 0 : tokens.size() - 1;
  for (std::size_t i = 0; i < count; ++i) pairs[i] = merge_of(merges, tokens[i], tokens[i + 1]);
  while (count > 0) {
    const auto best = std::min_element(pairs.begin(), pairs.begin() + count,
                                       [](BpeMerge a, BpeMerge b) { return a.rank < b.rank; });
    if (best->merged == kDead) break;
    const auto at = static_cast<std::size_t>(best - pairs.begin());
    tokens[at] = best->merged;
    tokens.erase(tokens.begin() + at + 1);
    std::copy(best + 1, pairs.begin() + count, best);
    --count;
    if (at < count) pairs[at] = merge_of(merges, tokens[at], tokens[at + 1]);
    if (at > 0) pairs[at - 1] = merge_of(merges, tokens[at - 1], tokens[at]);
  }
}

void expect_countable(std::size_t size) {
  if (size <= static_cast<std::size_t>(std::numeric_limits<std::int32_t>::max())) return;
  throw_bad_input({"TK-11", "text", std::to_string(size) + " bytes in one piece", "less than 2^31",
                   "split the text"});
}

}  // namespace

void bpe_merge(const BpeMerges& merges, std::vector<TokenId>& tokens, std::vector<TokenId>& out) {
  expect_countable(tokens.size());
  if (tokens.size() > kShort) return merge_long(merges, tokens, out);
  merge_short(merges, tokens);
  out.insert(out.end(), tokens.begin(), tokens.end());
}

void bpe_encode(const Bpe& bpe, std::string_view piece, std::vector<TokenId>& out) {
  expect_countable(piece.size());
  if (bpe.known_words == KnownWords::kTaken) {
    if (const auto id = bpe.vocabulary.find(piece)) return out.push_back(*id);
  }
  std::vector<TokenId> tokens = character_tokens(bpe, piece);
  bpe_merge(bpe.merges, tokens, out);
}

}  // namespace trainer
