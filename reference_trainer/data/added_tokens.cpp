#include "reference_trainer/data/added_tokens.h"

namespace trainer {

void AddedTokenMatcher::insert(std::string_view content, TokenId id) {
  std::size_t node = 0;
  for (const char byte : content) {
    const auto [child, is_new] = nodes_[node].children.emplace(byte, nodes_.size());
    node = child->second;
    if (is_new) nodes_.emplace_back();
  }
  nodes_[node].id = id;
}

TextPiece AddedTokenMatcher::longest_match(std::string_view text) const {
  TextPiece best;
  std::size_t node = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto child = nodes_[node].children.find(text[i]);
    if (child == nodes_[node].children.end()) break;
    node = child->second;
    if (nodes_[node].id >= 0) best = {text.substr(0, i + 1), nodes_[node].id};
  }
  return best;
}

std::vector<TextPiece> AddedTokenMatcher::split(std::string_view text) const {
  std::vector<TextPiece> pieces;
  std::size_t text_begin = 0;
  const auto end_text = [&](std::size_t at) {
    if (at > text_begin) pieces.push_back({text.substr(text_begin, at - text_begin)});
  };
  for (std::size_t at = 0; at < text.size();) {
    const TextPiece match = longest_match(text.substr(at));
    if (match.id < 0) {
      ++at;
      continue;
    }
    end_text(at);
    pieces.push_back(match);
    at += match.text.size();
    text_begin = at;
  }
  end_text(text.size());
  return pieces;
}

}  // namespace trainer
