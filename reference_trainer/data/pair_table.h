// Which pairs of tokens merge, and into what: a hash table with open addressing, because looking up
// pairs is what encoding spends its time on.
#pragma once

#include <cstdint>
#include <vector>

#include "reference_trainer/data/tokenizer.h"

namespace trainer {

struct BpeMerge {
  std::int32_t rank;  // smaller is merged earlier
  TokenId merged;
};

class BpeMerges {
 public:
  BpeMerges() : slots_(kMinSlots) {}

  // A pair given twice keeps its last rank, as the reference implementation does. Ids are >= 0.
  void set(TokenId left, TokenId right, BpeMerge merge) {
    if (2 * (count_ + 1) > slots_.size()) grow();
    Slot& slot = slots_[place(key(left, right))];
    if (slot.key == kFree) ++count_;
    slot = {key(left, right), merge};
  }

  const BpeMerge* find(TokenId left, TokenId right) const {
    const Slot& slot = slots_[place(key(left, right))];
    return slot.key == kFree ? nullptr : &slot.merge;
  }

 private:
  static constexpr std::uint64_t kFree = ~std::uint64_t{0};  // no pair of ids >= 0
  static constexpr std::size_t kMinSlots = 16;               // a power of two, as all sizes

  struct Slot {
    std::uint64_t key = kFree;
    BpeMerge merge{};
  };

  static std::uint64_t key(TokenId left, TokenId right) {
    return static_cast<std::uint64_t>(left) << 32 | static_cast<std::uint32_t>(right);
  }

  // The slot of `wanted`, or the free one where it belongs.
  std::size_t place(std::uint64_t wanted) const {
    const std::uint64_t mixed =
        (wanted ^ wanted >> 29) * 0x9e3779b97f4a7c15u;  // 2^64 / golden ratio
    std::size_t at = (mixed ^ mixed >> 32) & (slots_.size() - 1);
    while (slots_[at].key != kFree && slots_[at].key != wanted) at = (at + 1) & (slots_.size() - 1);
    return at;
  }

  void grow() {
    std::vector<Slot> old(2 * slots_.size());
    old.swap(slots_);
    for (const Slot& slot : old) {
      if (slot.key != kFree) slots_[place(slot.key)] = slot;
    }
  }

  std::vector<Slot> slots_;
  std::size_t count_ = 0;
};

}  // namespace trainer
