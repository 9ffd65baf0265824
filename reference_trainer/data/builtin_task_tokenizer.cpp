#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <set>

#include "reference_trainer/data/builtin_task.h"
#include "reference_trainer/data/builtin_task_words.h"

namespace trainer {
namespace {

// Keys stay in the order in which they are written here, so the file reads like one by hand.
using Json = nlohmann::ordered_json;

constexpr std::array<const char*, 3> kSpecialTokens = {"<s>", "</s>", "<unk>"};

Json special_token(int id) {
  return {
      {"id", id},        {"content", kSpecialTokens[id]}, {"single_word", false}, {"lstrip", false},
      {"rstrip", false}, {"normalized", false},           {"special", true}};
}

Json sequence(const char* name, int type) {
  return {{"Sequence", {{"id", name}, {"type_id", type}}}};
}

Json bos_in_front() {
  const Json bos = {{"SpecialToken", {{"id", "<s>"}, {"type_id", 0}}}};
  Json bos_entry;
  bos_entry["id"] = "<s>";
  bos_entry["ids"] = Json::array({0});
  bos_entry["tokens"] = Json::array({"<s>"});
  Json processor;
  processor["type"] = "TemplateProcessing";
  processor["single"] = Json::array({bos, sequence("A", 0)});
  processor["pair"] = Json::array({bos, sequence("A", 0), sequence("B", 1)});
  processor["special_tokens"]["<s>"] = bos_entry;
  return processor;
}

Json word_level() {
  Json vocabulary = Json::object();
  int id = 0;
  for (const std::string& token : builtin_vocabulary()) vocabulary[token] = id++;
  return {{"type", "WordLevel"}, {"vocab", vocabulary}, {"unk_token", "<unk>"}};
}

}  // namespace

std::vector<std::string> builtin_vocabulary() {
  std::set<std::string> words;
  for (const std::string_view text : builtin::all_texts()) {
    for (const std::string_view word : builtin::words_of(text)) {
      if (!builtin::is_slot(word)) words.emplace(word);
    }
  }
  std::vector<std::string> vocabulary(kSpecialTokens.begin(), kSpecialTokens.end());
  vocabulary.insert(vocabulary.end(), words.begin(), words.end());
  return vocabulary;
}

std::string builtin_tokenizer_json() {
  Json tokenizer;
  tokenizer["version"] = "1.0";
  tokenizer["truncation"] = nullptr;
  tokenizer["padding"] = nullptr;
  tokenizer["added_tokens"] = Json::array({special_token(0), special_token(1), special_token(2)});
  tokenizer["normalizer"] = nullptr;
  tokenizer["pre_tokenizer"] = {{"type", "WhitespaceSplit"}};
  tokenizer["post_processor"] = bos_in_front();
  tokenizer["decoder"] = nullptr;
  tokenizer["model"] = word_level();
  return tokenizer.dump(2) + '\n';
}

}  // namespace trainer
