// The model part of tokenizer.json: vocabulary, merges and the checks on ids.
#include <algorithm>
#include <cstdio>
#include <limits>
#include <unordered_set>

#include "reference_trainer/data/tokenizer_file.h"

namespace trainer {
namespace {

// Malformed but recognised; TK-01 is left for what the file asks for and we do not do.
constexpr const char* kBadId = "TK-02";
constexpr const char* kBadString = "TK-03";
constexpr const char* kBadMerge = "TK-04";
constexpr const char* kBadMergeResult = "TK-05";
constexpr const char* kBadAddedToken = "TK-07";

TokenId checked_id(const JsonCursor& entry) {
  const std::int64_t id = entry.integer();
  if (id < 0 || id > std::numeric_limits<TokenId>::max()) entry.fail("an id of 0 ... 2^31 - 1");
  return static_cast<TokenId>(id);
}

Vocabulary parse_vocabulary(const JsonCursor& part) {
  part.expect_object();
  if (part.value().empty()) part.under(kBadString).fail_with("no token", "a vocabulary");
  Vocabulary vocabulary;
  for (const auto& [token, id] : part.value().items()) {
    if (token.empty()) part.at(token).under(kBadString).fail_with("an empty token", "text");
    // A cursor copies its pointer; only what is wrong needs one.
    const bool is_plain = id.is_number_unsigned() && id.template get<std::uint64_t>() <= INT32_MAX;
    vocabulary.insert(
        token, is_plain ? id.template get<TokenId>() : checked_id(part.at(token).under(kBadId)));
  }
  return vocabulary;
}

// Options that change what tokens come out, and that we do not have.
void expect_plain_bpe(const JsonCursor& part) {
  const auto expect = [&](const char* key, const nlohmann::json& plain, const char* expected) {
    if (!part.has(key) || part.at(key).is_null() || part.at(key).value() == plain) return;
    part.at(key).fail(expected);
  };
  expect("dropout", 0, "null");
  for (const char* key : {"continuing_subword_prefix", "end_of_word_suffix"}) {
    expect(key, "", "null");
  }
}

std::optional<TokenId> parse_unknown(const JsonCursor& part, const Vocabulary& vocabulary) {
  if (!part.has("unk_token") || part.at("unk_token").is_null()) return std::nullopt;
  const JsonCursor name = part.at("unk_token");
  const auto id = vocabulary.find(name.string());
  if (!id) name.under(kBadMerge).fail("a token of the vocabulary");
  return id;
}

bool option(const JsonCursor& part, const char* key) {
  return part.has(key) && part.at(key).boolean();
}

std::array<TokenId, 256> byte_tokens(const Vocabulary& vocabulary) {
  std::array<TokenId, 256> tokens;
  for (int byte = 0; byte < 256; ++byte) {
    char name[8];
    std::snprintf(name, sizeof name, "<0x%02X>", static_cast<unsigned>(byte));
    tokens[byte] = vocabulary.find(name).value_or(-1);
  }
  return tokens;
}

struct MergeParts {
  std::string left, right;
};

// "a b" or ["a", "b"]; a space inside a token is only possible in the second form.
MergeParts parse_merge(const JsonCursor& entry) {
  if (entry.value().is_array()) {
    if (entry.array_size() != 2)
      entry.fail_with(std::to_string(entry.array_size()) + " parts", "2 parts");
    return {entry.at(std::size_t{0}).string(), entry.at(std::size_t{1}).string()};
  }
  const std::string& text = entry.string();
  const std::size_t space = text.find(' ');
  if (space == std::string::npos || text.find(' ', space + 1) != std::string::npos) {
    entry.fail("two tokens with one space between them");
  }
  return {text.substr(0, space), text.substr(space + 1)};
}

TokenId known_token(const JsonCursor& entry, const Vocabulary& vocabulary,
                    const std::string& token) {
  const auto id = vocabulary.find(token);
  if (!id)
    entry.fail_with("\"" + token + "\", which is not in the vocabulary",
                    "tokens of the vocabulary");
  return *id;
}

BpeMerges parse_merges(const JsonCursor& list, const Vocabulary& vocabulary) {
  BpeMerges merges;
  for (std::size_t i = 0; i < list.array_size(); ++i) {
    const JsonCursor entry = list.at(i).under(kBadMerge);
    const MergeParts parts = parse_merge(entry);
    const TokenId left = known_token(entry, vocabulary, parts.left);
    const TokenId right = known_token(entry, vocabulary, parts.right);
    const TokenId merged =
        known_token(entry.under(kBadMergeResult), vocabulary, parts.left + parts.right);
    merges.set(left, right, {static_cast<std::int32_t>(i), merged});
  }
  return merges;
}

TokenModel parse_bpe(const JsonCursor& part) {
  part.expect_only({"type", "dropout", "unk_token", "continuing_subword_prefix",
                    "end_of_word_suffix", "fuse_unk", "byte_fallback", "ignore_merges", "vocab",
                    "merges"});
  expect_plain_bpe(part);
  Bpe bpe;
  bpe.vocabulary = parse_vocabulary(part.at("vocab"));
  bpe.merges = parse_merges(part.at("merges"), bpe.vocabulary);
  bpe.unknown = parse_unknown(part, bpe.vocabulary);
  bpe.byte_tokens.fill(-1);
  if (option(part, "byte_fallback")) bpe.byte_tokens = byte_tokens(bpe.vocabulary);
  if (option(part, "ignore_merges")) bpe.known_words = KnownWords::kTaken;
  if (option(part, "fuse_unk")) bpe.unknown_runs = UnknownRuns::kFused;
  return bpe;
}

TokenModel parse_word_level(const JsonCursor& part) {
  part.expect_only({"type", "vocab", "unk_token"});
  WordLevel model;
  model.vocabulary = parse_vocabulary(part.at("vocab"));
  const auto unknown = parse_unknown(part, model.vocabulary);
  if (!unknown) part.fail_with("no unk_token", "a token for unknown words");
  model.unknown = *unknown;
  return model;
}

// What is wrong with giving `id` to one more token; nothing if `expected` is empty.
struct IdProblem {
  std::string got, expected;
};

IdProblem place(const std::string& token, TokenId id, std::int64_t vocab_size,
                std::vector<std::string>& table) {
  const std::string name = "id " + std::to_string(id) + " for " + in_quotes(token);
  if (id >= vocab_size) {
    return {name, "an id below the model's vocab_size of " + std::to_string(vocab_size)};
  }
  if (static_cast<std::size_t>(id) >= table.size()) table.resize(std::size_t{1} + id);
  if (!table[id].empty()) return {name + ", which " + in_quotes(table[id]) + " has", "a free id"};
  table[id] = token;
  return {};
}

void place_vocabulary(const JsonCursor& part, std::int64_t vocab_size,
                      std::vector<std::string>& table) {
  for (const auto& [token, id] : part.value().items()) {
    const IdProblem problem = place(token, id.template get<TokenId>(), vocab_size, table);
    if (!problem.expected.empty()) part.at(token).fail_with(problem.got, problem.expected);
  }
}

// An added token may repeat a token of the model, with the same id, or bring a new one.
void place_added(const JsonCursor& entry, const AddedToken& added, const Vocabulary& vocabulary,
                 std::int64_t vocab_size, std::vector<std::string>& table) {
  const auto in_model = vocabulary.find(added.content);
  if (!in_model) {
    const IdProblem problem = place(added.content, added.id, vocab_size, table);
    const JsonCursor id = entry.at("id").under(added.id >= vocab_size ? kBadId : kBadAddedToken);
    if (!problem.expected.empty()) id.fail_with(problem.got, problem.expected);
  } else if (*in_model != added.id) {
    entry.at("id").fail("the id of " + in_quotes(added.content) + " in the vocabulary, " +
                        std::to_string(*in_model));
  }
}

void expect_no_hole(const JsonCursor& vocab, const std::vector<std::string>& table) {
  // No token is empty, so an empty string is an id that was not given.
  const auto hole = std::find(table.begin(), table.end(), "");
  if (hole == table.end()) return;
  vocab.fail_with("no token with id " + std::to_string(hole - table.begin()),
                  "a token for every id of 0 ... " + std::to_string(table.size() - 1));
}

}  // namespace

TokenModel parse_token_model(const JsonCursor& part) {
  const std::string type = part.at("type").string();
  if (type == "BPE") return parse_bpe(part);
  if (type == "WordLevel") return parse_word_level(part);
  part.at("type").fail("BPE or WordLevel");
}

const Vocabulary& vocabulary_of(const TokenModel& model) {
  if (const auto* byte_level = std::get_if<ByteLevelBpe>(&model)) return byte_level->bpe.vocabulary;
  if (const auto* bpe = std::get_if<Bpe>(&model)) return bpe->vocabulary;
  return std::get<WordLevel>(model).vocabulary;
}

std::vector<std::string> token_table(const JsonCursor& root, const TokenModel& model,
                                     const std::vector<AddedToken>& added,
                                     std::int64_t vocab_size) {
  std::vector<std::string> table;
  const Vocabulary& vocabulary = vocabulary_of(model);
  const JsonCursor vocab = root.at("model").at("vocab").under(kBadId);
  place_vocabulary(vocab, vocab_size, table);
  std::unordered_set<std::string> seen;
  for (std::size_t i = 0; i < added.size(); ++i) {
    const JsonCursor entry = root.at("added_tokens").at(i).under(kBadAddedToken);
    if (!seen.insert(added[i].content).second) entry.at("content").fail("every content once");
    place_added(entry, added[i], vocabulary, vocab_size, table);
  }
  expect_no_hole(vocab, table);
  return table;
}

}  // namespace trainer
