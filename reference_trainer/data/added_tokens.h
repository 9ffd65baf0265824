// Tokens that are cut out of the text before the model sees it, such as <s> or <|user|>.
#pragma once

#include <array>
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
  bool normalized = false;   // looked for in normalized text instead of the text as given
  bool special = false;      // left out of decoded text
  bool single_word = false;  // not where a word character stands beside it
  bool lstrip = false;       // takes the white space before it along
  bool rstrip = false;       // takes the white space after it along
};

// Either an added token (id >= 0) or text between two of them (id = -1).
struct TextPiece {
  std::string_view text;
  TokenId id = -1;
};

// A trie of bytes. At each position the longest token wins; matches do not overlap.
class AddedTokenMatcher {
 public:
  AddedTokenMatcher() : nodes_(1) { first_.fill(kNone); }
  // Looks for `content`, not empty, which is that of `token` or its normalized form.
  void insert(std::string_view content, const AddedToken& token);
  // The pieces view `text`, cover it in order, and none is empty.
  std::vector<TextPiece> split(std::string_view text) const;

 private:
  static constexpr std::int32_t kNone = -1;

  struct Node {
    std::map<char, std::int32_t> children;
    std::int32_t token = kNone;  // index in tokens_
  };
  struct Match {
    std::size_t length = 0;
    std::int32_t token = kNone;
  };
  Match longest_match(std::string_view text, std::size_t at) const;
  std::int32_t child(std::int32_t node, char byte) const;

  std::array<std::int32_t, 256> first_;  // the root's children
  std::vector<Node> nodes_;
  std::vector<AddedToken> tokens_;
};

}  // namespace trainer
