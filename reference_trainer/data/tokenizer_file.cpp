#include "reference_trainer/data/tokenizer_file.h"

#include <limits>
#include <utility>

namespace trainer {
namespace {

constexpr const char* kUnsupported = "TK-01";
constexpr const char* kBadAddedToken = "TK-07";

std::string type_of(const JsonCursor& part) { return part.at("type").string(); }

// Truncation and padding are the trainer's business; a file that wants its own is refused.
void expect_null(const JsonCursor& root, const char* key) {
  if (root.has(key) && !root.at(key).is_null()) root.at(key).fail("null", "set it to null");
}

JsonCursor optional_part(const JsonCursor& root, const char* key) {
  static const nlohmann::json kNull;
  return root.has(key) ? root.at(key) : JsonCursor(kNull, key, kUnsupported);
}

bool option(const JsonCursor& part, const char* key) {
  return part.has(key) && part.at(key).boolean();
}

AddedToken parse_added_token(const JsonCursor& part) {
  part.expect_only({"id", "content", "single_word", "lstrip", "rstrip", "normalized", "special"});
  AddedToken token;
  const JsonCursor id = part.at("id").under("TK-02");
  if (id.integer() < 0 || id.integer() > std::numeric_limits<TokenId>::max()) {
    id.fail("an id of 0 ... 2^31 - 1");
  }
  token.id = static_cast<TokenId>(id.integer());
  token.content = part.at("content").string();
  if (token.content.empty()) part.at("content").under(kBadAddedToken).fail("a string with text");
  token.normalized = option(part, "normalized");
  token.special = option(part, "special");
  token.single_word = option(part, "single_word");
  token.lstrip = option(part, "lstrip");
  token.rstrip = option(part, "rstrip");
  return token;
}

Replace parse_replace(const JsonCursor& part) {
  part.expect_only({"type", "pattern", "content"});
  part.at("pattern").expect_only({"String"});
  const JsonCursor pattern = part.at("pattern").at("String");
  if (pattern.string().empty()) pattern.fail("a string with text");
  return {pattern.string(), part.at("content").string()};
}

NormalizerStep parse_normalizer_step(const JsonCursor& part) {
  const std::string type = type_of(part);
  if (type == "Replace") return parse_replace(part);
  if (type == "NFC") {
    part.expect_only({"type"});
    return Nfc{};
  }
  if (type != "Prepend") part.at("type").fail("NFC, Prepend, Replace or Sequence");
  part.expect_only({"type", "prepend"});
  return Prepend{part.at("prepend").string()};
}

Strip parse_strip(const JsonCursor& part) {
  part.expect_only({"type", "content", "start", "stop"});
  const Strip strip{part.at("content").string(), part.at("start").integer(),
                    part.at("stop").integer()};
  if (strip.content.empty()) part.at("content").fail("one character");
  if (strip.start < 0) part.at("start").fail("a count");
  if (strip.stop < 0) part.at("stop").fail("a count");
  return strip;
}

DecoderStep parse_decoder_step(const JsonCursor& part) {
  const std::string type = type_of(part);
  if (type == "Replace") return parse_replace(part);
  if (type == "Strip") return parse_strip(part);
  if (type == "ByteLevel") {  // its options are those of the pre-tokenizer
    part.expect_only({"type", "add_prefix_space", "trim_offsets", "use_regex"});
    return ByteLevelDecoding{};
  }
  if (type != "ByteFallback" && type != "Fuse") {
    part.at("type").fail("ByteLevel, Replace, ByteFallback, Fuse, Strip or Sequence");
  }
  part.expect_only({"type"});
  if (type == "Fuse") return Fuse{};
  return ByteFallback{};
}

// One step, or the steps of a Sequence under `list_key`.
template <typename Step>
std::vector<Step> parse_steps(const JsonCursor& part, const char* list_key,
                              Step (*parse_step)(const JsonCursor&)) {
  if (type_of(part) != "Sequence") return {parse_step(part)};
  part.expect_only({"type", list_key});
  std::vector<Step> steps;
  const JsonCursor list = part.at(list_key);
  for (std::size_t i = 0; i < list.array_size(); ++i) steps.push_back(parse_step(list.at(i)));
  return steps;
}

TokenModel byte_level_model(const JsonCursor& pre_tokenizer, TokenModel model) {
  if (auto* bpe = std::get_if<Bpe>(&model)) return make_byte_level(std::move(*bpe));
  pre_tokenizer.at("type").fail("ByteLevel together with a model of type BPE");
}

}  // namespace

std::vector<AddedToken> parse_added_tokens(const JsonCursor& part) {
  std::vector<AddedToken> tokens;
  if (part.is_null()) return tokens;
  for (std::size_t i = 0; i < part.array_size(); ++i) {
    tokens.push_back(parse_added_token(part.at(i)));
  }
  return tokens;
}

std::vector<NormalizerStep> parse_normalizer(const JsonCursor& part) {
  if (part.is_null()) return {};
  return parse_steps(part, "normalizers", parse_normalizer_step);
}

std::optional<std::vector<DecoderStep>> parse_decoder(const JsonCursor& part) {
  if (part.is_null()) return std::nullopt;
  return parse_steps(part, "decoders", parse_decoder_step);
}

TokenizerFile parse_tokenizer_file(const nlohmann::json& json, const std::string& where,
                                   std::int64_t vocab_size) {
  const JsonCursor root(json, where, kUnsupported);
  root.expect_only({"version", "truncation", "padding", "added_tokens", "normalizer",
                    "pre_tokenizer", "post_processor", "decoder", "model"});
  for (const char* key : {"truncation", "padding"}) expect_null(root, key);
  TokenizerFile file;
  file.added = parse_added_tokens(optional_part(root, "added_tokens"));
  file.normalizer = parse_normalizer(optional_part(root, "normalizer"));
  file.pre_tokenizer = parse_pre_tokenizer(optional_part(root, "pre_tokenizer"));
  file.model = parse_token_model(root.at("model"));
  file.decoder = parse_decoder(optional_part(root, "decoder"));
  file.tokens = token_table(root, file.model, file.added, vocab_size);
  file.text_template =
      parse_post_processor(optional_part(root, "post_processor"), file.tokens.size());
  if (std::holds_alternative<ByteLevelSplit>(file.pre_tokenizer)) {
    file.model = byte_level_model(root.at("pre_tokenizer"), std::move(file.model));
  }
  return file;
}

}  // namespace trainer
