// Tokens that are cut out of the text before the model sees it, such as <s> or <|user|>.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "reference_trainer/data/tokenizer.h"

namespace trainer {

struct AddedToken {
  TokenId id = 0;
  std::string content;
  bool normalized = false;  // looked for in normalized text instead of the text as given
  bool special = false;     // left out of decoded text
};

// Either an added token (id >= 0) or text between two of them (id = -1).
struct TextPiece {
  std::string_view text;
  TokenId id = -1;
};

// A trie of bytes. At each position the longest token wins; matches do not overlap.
class AddedTokenMatcher {
 public:
  AddedTokenMatcher() : nodes_(1) {}
  void insert(std::string_view content, TokenId id);  // content must not be empty
  // The pieces view `text`, cover it in order, and none is empty.
  std::vector<TextPiece> split(std::string_view text) const;

 private:
  struct Node {
    std::map<char, std::size_t> children;
    TokenId id = -1;
  };
  TextPiece longest_match(std::string_view text) const;  // at text[0]; id -1 if none

  std::vector<Node> nodes_;
};

}  // namespace trainer
