#include "reference_trainer/data/word_table.h"

#include <xxhash.h>

namespace trainer {
namespace {

std::uint32_t hash_of(std::string_view word) {
  return static_cast<std::uint32_t>(XXH3_64bits(word.data(), word.size()));
}

}  // namespace

// The slot of `word`, or the free one where it belongs.
std::size_t WordTable::place(std::string_view word, std::uint32_t hash) const {
  const std::size_t mask = slots_.size() - 1;
  for (std::size_t at = hash & mask;; at = (at + 1) & mask) {
    const Slot& slot = slots_[at];
    if (slot.id == kFree) return at;
    if (slot.hash == hash && std::string_view(bytes_).substr(slot.offset, slot.length) == word) {
      return at;
    }
  }
}

void WordTable::grow() {
  std::vector<Slot> old(2 * slots_.size());
  old.swap(slots_);
  for (const Slot& slot : old) {
    if (slot.id == kFree) continue;
    slots_[place(std::string_view(bytes_).substr(slot.offset, slot.length), slot.hash)] = slot;
  }
}

void WordTable::insert(std::string_view word, TokenId id) {
  if (2 * (count_ + 1) > slots_.size()) grow();
  const std::uint32_t hash = hash_of(word);
  slots_[place(word, hash)] = {hash, static_cast<std::uint32_t>(bytes_.size()),
                               static_cast<std::uint32_t>(word.size()), id};
  bytes_ += word;
  ++count_;
}

std::optional<TokenId> WordTable::find(std::string_view word) const {
  const Slot& slot = slots_[place(word, hash_of(word))];
  if (slot.id == kFree) return std::nullopt;
  return slot.id;
}

}  // namespace trainer
