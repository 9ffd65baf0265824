// Words that are one token, by their bytes: a hash table with open addressing that never changes
// while texts are encoded, so that all threads may share it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "reference_trainer/data/tokenizer.h"

namespace trainer {

class WordTable {
 public:
  WordTable() : slots_(kMinSlots) {}

  // `word` is not there yet. All words together have less than 2^32 bytes.
  void insert(std::string_view word, TokenId id);
  std::optional<TokenId> find(std::string_view word) const;

 private:
  static constexpr std::size_t kMinSlots = 16;  // a power of two, as all sizes
  static constexpr TokenId kFree = -1;

  struct Slot {
    std::uint32_t hash = 0, offset = 0, length = 0;  // of the word in bytes_
    TokenId id = kFree;
  };

  std::size_t place(std::string_view word, std::uint32_t hash) const;
  void grow();

  std::vector<Slot> slots_;
  std::string bytes_;
  std::size_t count_ = 0;
};

}  // namespace trainer
