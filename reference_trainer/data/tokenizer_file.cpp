#include "reference_trainer/data/tokenizer_file.h"

#include <limits>

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

void expect_false(const JsonCursor& part, const char* key) {
  if (part.has(key) && part.at(key).boolean()) part.at(key).fail("false");
}

AddedToken parse_added_token(const JsonCursor& part) {
  part.expect_only({"id", "content", "single_word", "lstrip", "rstrip", "normalized", "special"});
  for (const char* key : {"single_word", "lstrip", "rstrip"}) expect_false(part, key);
  AddedToken token;
  const JsonCursor id = part.at("id").under("TK-02");
  if (id.integer() < 0 || id.integer() > std::numeric_limits<TokenId>::max()) {
    id.fail("an id of 0 ... 2^31 - 1");
  }
  token.id = static_cast<TokenId>(id.integer());
  token.content = part.at("content").string();
  if (token.content.empty()) part.at("content").under(kBadAddedToken).fail("a string with text");
  token.normalized = part.has("normalized") && part.at("normalized").boolean();
  token.special = part.has("special") && part.at("special").boolean();
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
  if (type != "Prepend") part.at("type").fail("Prepend, Replace or Sequence");
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
  part.expect_only({"type"});
  if (type == "ByteFallback") return ByteFallback{};
  if (type == "Fuse") return Fuse{};
  part.at("type").fail("Replace, ByteFallback, Fuse, Strip or Sequence");
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

// Appends the ids of {"SpecialToken": {"id": name}}.
void append_special(const JsonCursor& post_processor, const JsonCursor& item,
                    std::vector<TokenId>& out) {
  const JsonCursor name = item.at("SpecialToken").at("id");
  const JsonCursor ids = post_processor.at("special_tokens").at(name.string()).at("ids");
  for (std::size_t i = 0; i < ids.array_size(); ++i) {
    const std::int64_t id = ids.at(i).integer();
    if (id < 0 || id > std::numeric_limits<TokenId>::max()) ids.at(i).fail("an id");
    out.push_back(static_cast<TokenId>(id));
  }
}

void check_template(const JsonCursor& part, const TextTemplate& text_template,
                    std::size_t token_count) {
  for (const std::vector<TokenId>* ids : {&text_template.before, &text_template.after}) {
    for (const TokenId id : *ids) {
      if (static_cast<std::size_t>(id) < token_count) continue;
      part.at("special_tokens")
          .under(kBadAddedToken)
          .fail_with("id " + std::to_string(id), "an id below " + std::to_string(token_count));
    }
  }
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

PreTokenizer parse_pre_tokenizer(const JsonCursor& part) {
  if (part.is_null()) return PreTokenizer::kWholeText;
  if (type_of(part) != "WhitespaceSplit") part.at("type").fail("null or WhitespaceSplit");
  part.expect_only({"type"});
  return PreTokenizer::kWhitespaceSplit;
}

TextTemplate parse_post_processor(const JsonCursor& part) {
  TextTemplate result;
  if (part.is_null()) return result;
  if (type_of(part) != "TemplateProcessing") part.at("type").fail("null or TemplateProcessing");
  part.expect_only({"type", "single", "pair", "special_tokens"});
  const JsonCursor single = part.at("single");
  int texts = 0;
  for (std::size_t i = 0; i < single.array_size(); ++i) {
    const JsonCursor item = single.at(i);
    item.expect_only({"SpecialToken", "Sequence"});
    if (!item.has("Sequence")) {
      append_special(part, item, texts == 0 ? result.before : result.after);
    } else if (item.at("Sequence").at("id").string() != "A" || ++texts > 1) {
      item.fail("the sequence A, once");
    }
  }
  if (texts == 0) single.fail_with("no sequence", "the sequence A, once");
  return result;
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
  file.text_template = parse_post_processor(optional_part(root, "post_processor"));
  file.decoder = parse_decoder(optional_part(root, "decoder"));
  file.tokens = token_table(root, file.model, file.added, vocab_size);
  check_template(optional_part(root, "post_processor"), file.text_template, file.tokens.size());
  return file;
}

}  // namespace trainer
