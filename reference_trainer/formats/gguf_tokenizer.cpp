#include "reference_trainer/formats/gguf_tokenizer.h"

#include <algorithm>
#include <map>

#include "reference_trainer/base/error.h"
#include "reference_trainer/data/tokenizer_file.h"
#include "reference_trainer/data/vocabulary_files.h"
#include "reference_trainer/io/json.h"

namespace trainer {
namespace {

namespace fs = std::filesystem;

enum TokenType : std::int32_t {
  kNormal = 1,
  kUnknown = 2,
  kControl = 3,
  kUserDefined = 4,
  kUnused = 5,
  kByte = 6
};

// tokenizer.json, or what vocab.json and merges.txt say in its words.
nlohmann::json tokenizer_root(const fs::path& source) {
  const fs::path path = source / "tokenizer.json";
  std::error_code absent;
  if (!fs::exists(path, absent)) return read_vocabulary_files(source);
  return parse_json(read_file(path, "TK-01"), {path.string(), "TK-03"});
}

struct Tokens {
  std::vector<std::string> texts;
  std::vector<std::int32_t> types;
};

Tokens tokens_of(const TokenizerFile& tokenizer, std::int64_t vocab_size) {
  Tokens tokens{tokenizer.tokens, std::vector<std::int32_t>(tokenizer.tokens.size(), kNormal)};
  for (const AddedToken& added : tokenizer.added)
    tokens.types[static_cast<std::size_t>(added.id)] = added.special ? kControl : kUserDefined;
  for (std::int64_t i = std::ssize(tokens.texts); i < vocab_size; ++i) {
    tokens.texts.push_back("[PAD" + std::to_string(i) + "]");
    tokens.types.push_back(kUnused);
  }
  return tokens;
}

void set_tokens(const Tokens& tokens, GgufFile& file) {
  file.set_strings("tokenizer.ggml.tokens", tokens.texts);
  file.set_i32s("tokenizer.ggml.token_type", tokens.types);
}

// "a b" for each merge, from either form of the file.
std::vector<std::string> merges_of(const nlohmann::json& root) {
  std::vector<std::string> merges;
  for (const nlohmann::json& merge : root.at("model").at("merges")) {
    merges.push_back(merge.is_string()
                         ? merge.get<std::string>()
                         : merge.at(0).get<std::string>() + " " + merge.at(1).get<std::string>());
  }
  return merges;
}

// llama.cpp joins the neighbours whose joint token has the highest score. That is the merge of the
// lowest rank where, as in files made from SentencePiece's, all merges into a token stand together.
std::vector<float> scores_of(const std::vector<std::string>& merges, const Vocabulary& vocabulary,
                             std::size_t count) {
  std::vector<float> scores(count, 0.0f);
  for (std::size_t rank = merges.size(); rank-- > 0;) {
    std::string joint = merges[rank];
    joint.erase(joint.find(' '), 1);
    if (const auto id = vocabulary.find(joint))
      scores[static_cast<std::size_t>(*id)] = -static_cast<float>(rank);
  }
  return scores;
}

void set_sentence_pieces(const Bpe& bpe, const TokenizerFile& tokenizer, const nlohmann::json& root,
                         Tokens tokens, GgufFile& file) {
  for (const TokenId id : bpe.byte_tokens) {
    if (id >= 0) tokens.types[static_cast<std::size_t>(id)] = kByte;
  }
  if (bpe.unknown) tokens.types[static_cast<std::size_t>(*bpe.unknown)] = kUnknown;
  file.set_string("tokenizer.ggml.model", "llama");
  file.set_string("tokenizer.ggml.pre", "default");
  set_tokens(tokens, file);
  file.set_f32s("tokenizer.ggml.scores",
                scores_of(merges_of(root), bpe.vocabulary, tokens.texts.size()));
  if (bpe.unknown)
    file.set_u32("tokenizer.ggml.unknown_token_id", static_cast<std::uint32_t>(*bpe.unknown));
  const bool prepends = std::ranges::any_of(tokenizer.normalizer, [](const NormalizerStep& step) {
    return std::holds_alternative<Prepend>(step);
  });
  const std::string key = "tokenizer.ggml.add_space_prefix";
  prepends ? file.set_true(key) : file.set_false(key);
}

const char* pre_name(const fs::path& source, const PreTokenizer& pre) {
  const auto* split = std::get_if<ByteLevelSplit>(&pre);
  const auto pattern = split == nullptr ? std::nullopt
                       : split->first   ? split->first
                                        : split->second;
  if (!pattern || split->prefix == PrefixSpace::kAdded) {
    throw_bad_input({"EX-06", (source / "tokenizer.json").string() + ":/pre_tokenizer",
                     "a way to cut text that GGUF has no name for",
                     "that of GPT-2, Qwen2 or Llama 3, without add_prefix_space", ""});
  }
  switch (*pattern) {
    case SplitPattern::kQwen2:
      return "qwen2";
    case SplitPattern::kLlama3:
      return "llama-bpe";
    case SplitPattern::kGpt2:
      break;
  }
  return "gpt-2";
}

void set_byte_level(const fs::path& source, const TokenizerFile& tokenizer,
                    const nlohmann::json& root, const Tokens& tokens, GgufFile& file) {
  file.set_string("tokenizer.ggml.model", "gpt2");
  file.set_string("tokenizer.ggml.pre", pre_name(source, tokenizer.pre_tokenizer));
  set_tokens(tokens, file);
  file.set_strings("tokenizer.ggml.merges", merges_of(root));
}

void set_words(const nlohmann::json& root, GgufFile& file, Notes& notes) {
  file.set_string("tokenizer.ggml.model", "none");
  file.set_string("tokenizer.huggingface.json", root.dump());
  notes.push_back(
      "GGUF knows no tokenizer of whole words: the file has token ids only, and "
      "tokenizer.json as text under tokenizer.huggingface.json.");
}

void set_ends(const TokenizerFile& tokenizer, const ModelShape& shape, GgufFile& file) {
  const auto& before = tokenizer.text_template.before;
  const std::string key = "tokenizer.ggml.add_bos_token";
  before.empty() ? file.set_false(key) : file.set_true(key);
  const std::optional<TokenId> begin =
      before.empty() ? shape.bos_token_id : std::optional<TokenId>(before.front());
  if (begin) file.set_u32("tokenizer.ggml.bos_token_id", static_cast<std::uint32_t>(*begin));
  if (!shape.eos_token_ids.empty())
    file.set_u32("tokenizer.ggml.eos_token_id",
                 static_cast<std::uint32_t>(shape.eos_token_ids.front()));
}

// The template of conversations, in Jinja, if the model has one: a file of its own, or a value of
// tokenizer_config.json. Of several named ones, none is taken.
std::optional<std::string> chat_template_of(const fs::path& source) {
  std::error_code absent;
  const fs::path alone = source / "chat_template.jinja", config = source / "tokenizer_config.json";
  if (fs::exists(alone, absent)) return read_file(alone, "TK-01");
  if (!fs::exists(config, absent)) return std::nullopt;
  const nlohmann::json root = parse_json(read_file(config, "TK-01"), {config.string(), "TK-03"});
  const auto found = root.find("chat_template");
  if (found == root.end() || !found->is_string()) return std::nullopt;
  return found->get<std::string>();
}

}  // namespace

void set_gguf_tokenizer(const fs::path& source, const ModelShape& shape, GgufFile& file,
                        Notes& notes) {
  const nlohmann::json root = tokenizer_root(source);
  const std::string where = (source / "tokenizer.json").string();
  const TokenizerFile tokenizer = parse_tokenizer_file(root, where, shape.vocab_size);
  const Tokens tokens = tokens_of(tokenizer, shape.vocab_size);
  if (const auto* bpe = std::get_if<Bpe>(&tokenizer.model)) {
    set_sentence_pieces(*bpe, tokenizer, root, tokens, file);
  } else if (std::holds_alternative<ByteLevelBpe>(tokenizer.model)) {
    set_byte_level(source, tokenizer, root, tokens, file);
  } else {
    set_words(root, file, notes);
  }
  set_ends(tokenizer, shape, file);
  if (const auto chat = chat_template_of(source)) file.set_string("tokenizer.chat_template", *chat);
}

}  // namespace trainer
