#include "reference_trainer/data/added_tokens.h"

#include <algorithm>

#include "reference_trainer/data/unicode.h"

namespace trainer {
namespace {

// Where the character before text[at], at > 0, starts.
std::size_t previous_character(std::string_view text, std::size_t at) {
  std::size_t begin = at - 1;
  while (begin > 0 && at - begin < 4 && (static_cast<unsigned char>(text[begin]) & 0xc0) == 0x80) {
    --begin;
  }
  return begin + character_at(text, begin).length == at ? begin : at - 1;
}

bool is_alone(std::string_view text, std::size_t begin, std::size_t end) {
  const auto is_word = [&](std::size_t at) {
    return is_word_character(character_at(text, at).code_point);
  };
  const bool is_free_before = begin == 0 || !is_word(previous_character(text, begin));
  return is_free_before && (end == text.size() || !is_word(end));
}

bool is_space(std::string_view text, std::size_t at) {
  return character_at(text, at).kind == CharClass::kSpace;
}

std::size_t spaces_before(std::string_view text, std::size_t at) {
  while (at > 0 && is_space(text, previous_character(text, at))) at = previous_character(text, at);
  return at;
}

std::size_t spaces_after(std::string_view text, std::size_t at) {
  while (at < text.size() && is_space(text, at)) at += character_at(text, at).length;
  return at;
}

}  // namespace

void AddedTokenMatcher::insert(std::string_view content, const AddedToken& token) {
  std::int32_t node = 0;
  for (const char byte : content) {
    const auto size = static_cast<std::int32_t>(nodes_.size());
    const auto [child, is_new] = nodes_[node].children.emplace(byte, size);
    node = child->second;
    if (is_new) nodes_.emplace_back();
  }
  const auto first = static_cast<unsigned char>(content.front());
  first_[first] = nodes_.front().children.at(content.front());
  nodes_[node].token = static_cast<std::int32_t>(tokens_.size());
  tokens_.push_back(token);
}

std::int32_t AddedTokenMatcher::child(std::int32_t node, char byte) const {
  const auto found = nodes_[node].children.find(byte);
  return found == nodes_[node].children.end() ? kNone : found->second;
}

AddedTokenMatcher::Match AddedTokenMatcher::longest_match(std::string_view text,
                                                          std::size_t at) const {
  Match best;
  std::int32_t node = first_[static_cast<unsigned char>(text[at])];
  for (std::size_t end = at + 1; node != kNone; ++end) {
    if (nodes_[node].token != kNone) best = {end - at, nodes_[node].token};
    node = end < text.size() ? child(node, text[end]) : kNone;
  }
  return best;
}

// What a token strips can be taken from it by the next match, as in the reference implementation:
// matches are sought from the end of the last one's content.
std::vector<TextPiece> AddedTokenMatcher::split(std::string_view text) const {
  std::vector<TextPiece> pieces;
  std::size_t text_begin = 0;
  const auto end_text = [&](std::size_t at) {
    if (at > text_begin) pieces.push_back({text.substr(text_begin, at - text_begin)});
  };
  for (std::size_t at = 0; at < text.size();) {
    const Match match = longest_match(text, at);
    std::size_t begin = at, end = at + match.length;
    at += std::max<std::size_t>(1, match.length);
    if (match.token == kNone) continue;
    const AddedToken& token = tokens_[match.token];
    if (token.single_word && !is_alone(text, begin, end)) continue;
    if (token.lstrip) begin = std::max(spaces_before(text, begin), text_begin);
    if (token.rstrip) end = spaces_after(text, end);
    end_text(begin);
    pieces.push_back({text.substr(begin, end - begin), token.id});
    text_begin = end;
  }
  end_text(text.size());
  return pieces;
}

}  // namespace trainer
