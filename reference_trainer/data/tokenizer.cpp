#include "reference_trainer/data/tokenizer.h"

#include <algorithm>
#include <utility>

#include "reference_trainer/data/tokenizer_file.h"
#include "reference_trainer/data/utf8.h"
#include "reference_trainer/io/json.h"

namespace trainer {
namespace {

// Non-empty runs of characters that are not white space.
std::vector<std::string_view> split_at_white_space(std::string_view text) {
  std::vector<std::string_view> words;
  std::size_t begin = 0;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = utf8_length(text, at);
    const std::size_t next = at + std::max<std::size_t>(1, length);
    if (length > 0 && is_white_space(utf8_code_point(text.substr(at, length)))) {
      if (at > begin) words.push_back(text.substr(begin, at - begin));
      begin = next;
    }
    at = next;
  }
  if (begin < text.size()) words.push_back(text.substr(begin));
  return words;
}

std::vector<std::string_view> pre_tokenize(PreTokenizer kind, std::string_view text) {
  if (kind == PreTokenizer::kWhitespaceSplit) return split_at_white_space(text);
  return {text};
}

void encode_piece(const Bpe& bpe, std::string_view piece, std::vector<TokenId>& out) {
  bpe_encode(bpe, piece, out);
}

void encode_piece(const WordLevel& model, std::string_view piece, std::vector<TokenId>& out) {
  out.push_back(model.vocabulary.find(piece).value_or(model.unknown));
}

// Where `a` and `b` start to differ, moved back to the beginning of a character of `a`.
std::size_t common_prefix(std::string_view a, std::string_view b) {
  const auto [in_a, in_b] = std::mismatch(a.begin(), a.end(), b.begin(), b.end());
  auto at = static_cast<std::size_t>(in_a - a.begin());
  while (at > 0 && at < a.size() && (static_cast<unsigned char>(a[at]) & 0xc0) == 0x80) --at;
  return at;
}

}  // namespace

struct Tokenizer::Impl {
  TokenizerFile file;
  Vocabulary added_ids;
  std::vector<std::uint8_t> is_special;  // [size]
  AddedTokenMatcher in_raw_text;
  // Sought in normalized text, so normalized alike: as a beginning, and as a continuation.
  AddedTokenMatcher in_beginning, in_continuation;

  explicit Impl(TokenizerFile parsed) : file(std::move(parsed)), is_special(file.tokens.size()) {
    for (const AddedToken& token : file.added) {
      added_ids.insert(token.content, token.id);
      is_special[token.id] = token.special;
      if (!token.normalized) {
        in_raw_text.insert(token.content, token.id);
        continue;
      }
      in_beginning.insert(normalize(file.normalizer, token.content, TextPosition::kBeginning),
                          token.id);
      in_continuation.insert(normalize(file.normalizer, token.content, TextPosition::kContinuation),
                             token.id);
    }
  }

  void encode_normalized(std::string_view text, const AddedTokenMatcher& matcher,
                         std::vector<TokenId>& out) const {
    for (const TextPiece& piece : matcher.split(text)) {
      if (piece.id >= 0) {
        out.push_back(piece.id);
        continue;
      }
      for (const std::string_view word : pre_tokenize(file.pre_tokenizer, piece.text)) {
        std::visit([&](const auto& model) { encode_piece(model, word, out); }, file.model);
      }
    }
  }

  // Every text between added tokens is normalized on its own, as the reference does.
  void encode(std::string_view text, TextPosition position, std::vector<TokenId>& out) const {
    const bool is_beginning = position == TextPosition::kBeginning;
    const AddedTokenMatcher& matcher = is_beginning ? in_beginning : in_continuation;
    for (const TextPiece& piece : in_raw_text.split(text)) {
      if (piece.id >= 0) {
        out.push_back(piece.id);
      } else {
        encode_normalized(normalize(file.normalizer, piece.text, position), matcher, out);
      }
    }
  }
};

Tokenizer Tokenizer::load(const std::filesystem::path& directory, std::int64_t vocab_size) {
  const std::filesystem::path path = directory / "tokenizer.json";
  const nlohmann::json json = parse_json(read_file(path), {path.string(), "TK-03", "", ""});
  Tokenizer tokenizer;
  tokenizer.impl_ =
      std::make_shared<const Impl>(parse_tokenizer_file(json, path.string(), vocab_size));
  return tokenizer;
}

std::vector<TokenId> Tokenizer::encode(std::string_view text) const {
  const TextTemplate& around = impl_->file.text_template;
  std::vector<TokenId> tokens = around.before;
  impl_->encode(text, TextPosition::kBeginning, tokens);
  tokens.insert(tokens.end(), around.after.begin(), around.after.end());
  return tokens;
}

std::vector<TokenId> Tokenizer::encode_continuation(std::string_view text) const {
  std::vector<TokenId> tokens;
  impl_->encode(text, TextPosition::kContinuation, tokens);
  return tokens;
}

std::string Tokenizer::decode(std::span<const TokenId> tokens) const {
  std::vector<std::string> strings;
  for (const TokenId id : tokens) {
    // A model may have more rows than the tokenizer has tokens: those ids have no text.
    if (id < 0 || id >= size() || impl_->is_special[id]) continue;
    strings.push_back(impl_->file.tokens[id]);
  }
  return decode_tokens(impl_->file.decoder, std::move(strings));
}

std::string Tokenizer::decode_continuation(std::span<const TokenId> prefix,
                                           std::span<const TokenId> continuation) const {
  std::vector<TokenId> all(prefix.begin(), prefix.end());
  all.insert(all.end(), continuation.begin(), continuation.end());
  std::string text = decode(all);
  return text.erase(0, common_prefix(text, decode(prefix)));
}

std::optional<TokenId> Tokenizer::find(std::string_view token) const {
  const auto id = vocabulary_of(impl_->file.model).find(token);
  return id ? id : impl_->added_ids.find(token);
}

std::int64_t Tokenizer::size() const {
  return static_cast<std::int64_t>(impl_->file.tokens.size());
}

}  // namespace trainer
