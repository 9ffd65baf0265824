#include "reference_trainer/data/bpe.h"

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

void push_pair(const Bpe& bpe, const std::vector<Symbol>& symbols, std::int32_t left,
               Queue& queue) {
  if (left == kNone || symbols[left].next == kNone) return;
  const BpeMerge* merge = bpe.merges.find(symbols[left].id, symbols[symbols[left].next].id);
  if (merge != nullptr) queue.push({merge->rank, left, merge->merged});
}

// A candidate is stale once one of its symbols has changed; like the reference, the token it would
// give decides, not its rank.
bool is_current(const Bpe& bpe, const std::vector<Symbol>& symbols, const Candidate& candidate) {
  const Symbol& left = symbols[candidate.left];
  if (left.id == kDead || left.next == kNone) return false;
  const BpeMerge* merge = bpe.merges.find(left.id, symbols[left.next].id);
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

void merge_all(const Bpe& bpe, std::vector<Symbol>& symbols) {
  Queue queue;
  for (std::size_t i = 0; i < symbols.size(); ++i) {
    push_pair(bpe, symbols, static_cast<std::int32_t>(i), queue);
  }
  while (!queue.empty()) {
    const Candidate best = queue.top();
    queue.pop();
    if (!is_current(bpe, symbols, best)) continue;
    merge_with_next(best.left, best.merged, symbols);
    push_pair(bpe, symbols, symbols[best.left].previous, queue);
    push_pair(bpe, symbols, best.left, queue);
  }
}

}  // namespace

void bpe_encode(const Bpe& bpe, std::string_view piece, std::vector<TokenId>& out) {
  if (piece.size() > static_cast<std::size_t>(std::numeric_limits<std::int32_t>::max())) {
    throw_bad_input({"TK-11", "text", std::to_string(piece.size()) + " bytes in one piece",
                     "less than 2^31", "split the text"});
  }
  std::vector<Symbol> symbols = linked(character_tokens(bpe, piece));
  merge_all(bpe, symbols);
  for (const Symbol& symbol : symbols) {
    if (symbol.id != kDead) out.push_back(symbol.id);
  }
}

}  // namespace trainer
