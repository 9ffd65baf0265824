#include "reference_trainer/data/tokenizer.h"

#include <algorithm>
#include <utility>

#include "reference_trainer/data/tokenizer_file.h"
#include "reference_trainer/data/vocabulary_files.h"
#include "reference_trainer/io/json.h"

namespace trainer {
namespace {

void encode_piece(const Bpe& bpe, std::string_view piece, std::vector<TokenId>& out) {
  bpe_encode(bpe, piece, out);
}

void encode_piece(const ByteLevelBpe& model, std::string_view piece, std::vector<TokenId>& out) {
  byte_level_encode(model, piece, out);
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
        in_raw_text.insert(token.content, token);
        continue;
      }
      in_beginning.insert(normalize(file.normalizer, token.content, TextPosition::kBeginning),
                          token);
      in_continuation.insert(normalize(file.normalizer, token.content, TextPosition::kContinuation),
                             token);
    }
  }

  void encode_words(std::string_view text, TextPosition position, std::vector<TokenId>& out) const {
    const auto encode_all = [&](const auto& split, const auto& model) {
      for_each_word(split, text, position,
                    [&](std::string_view word) { encode_piece(model, word, out); });
    };
    std::visit(encode_all, file.pre_tokenizer, file.model);
  }

  void encode_normalized(std::string_view text, TextPosition position,
                         std::vector<TokenId>& out) const {
    const bool is_beginning = position == TextPosition::kBeginning;
    for (const TextPiece& piece : (is_beginning ? in_beginning : in_continuation).split(text)) {
      if (piece.id >= 0) {
        out.push_back(piece.id);
      } else {
        encode_words(piece.text, position, out);
      }
    }
  }

  // Every text between added tokens is normalized on its own, as the reference does.
  void encode(std::string_view text, TextPosition position, std::vector<TokenId>& out) const {
    for (const TextPiece& piece : in_raw_text.split(text)) {
      if (piece.id >= 0) {
        out.push_back(piece.id);
      } else {
        encode_normalized(normalize(file.normalizer, piece.text, position), position, out);
      }
    }
  }
};

Tokenizer Tokenizer::load(const std::filesystem::path& directory, std::int64_t vocab_size) {
  const std::filesystem::path path = directory / "tokenizer.json";
  const bool has_parts =
      !std::filesystem::exists(path) && std::filesystem::exists(directory / "vocab.json");
  const nlohmann::json json =
      has_parts ? read_vocabulary_files(directory) : read_tokenizer_json(path);
  const std::string where =
      has_parts ? (directory / "{vocab.json, merges.txt}").string() : path.string();
  Tokenizer tokenizer;
  tokenizer.impl_ = std::make_shared<const Impl>(parse_tokenizer_file(json, where, vocab_size));
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
