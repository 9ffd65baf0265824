// The parts of tokenizer.json that cut a text into pieces and put special tokens around it.
#include <limits>

#include "reference_trainer/data/tokenizer_file.h"

namespace trainer {
namespace {

std::string type_of(const JsonCursor& part) { return part.at("type").string(); }

bool option(const JsonCursor& part, const char* key) {
  return part.has(key) && part.at(key).boolean();
}

SplitPattern parse_split(const JsonCursor& part) {
  part.expect_only({"type", "pattern", "behavior", "invert"});
  const JsonCursor behavior = part.at("behavior");
  if (behavior.string() != "Isolated") behavior.fail("Isolated");
  if (option(part, "invert")) part.at("invert").fail("false");
  part.at("pattern").expect_only({"Regex"});
  const JsonCursor text = part.at("pattern").at("Regex");
  const auto pattern = split_pattern_of(text.string());
  if (!pattern)
    text.fail("the regular expression of GPT-2, Qwen2 or Llama 3, character by character");
  return *pattern;
}

ByteLevelSplit parse_byte_level(const JsonCursor& part) {
  part.expect_only({"type", "add_prefix_space", "trim_offsets", "use_regex"});
  ByteLevelSplit split;
  if (part.at("add_prefix_space").boolean()) split.prefix = PrefixSpace::kAdded;
  // Absent in files that are older than the option, which then had the expression.
  if (!part.has("use_regex") || part.at("use_regex").boolean()) split.second = SplitPattern::kGpt2;
  return split;
}

// [Split, ByteLevel] or [ByteLevel]
ByteLevelSplit parse_sequence(const JsonCursor& list) {
  const std::size_t count = list.array_size();
  if (count < 1 || count > 2) {
    list.fail_with(std::to_string(count) + " steps", "Split and ByteLevel, or ByteLevel");
  }
  const JsonCursor last = list.at(count - 1);
  if (type_of(last) != "ByteLevel") last.at("type").fail("ByteLevel as the last step");
  ByteLevelSplit split = parse_byte_level(last);
  if (count == 1) return split;
  const JsonCursor first = list.at(std::size_t{0});
  if (type_of(first) != "Split") first.at("type").fail("Split");
  split.first = parse_split(first);
  return split;
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

void check_ids(const JsonCursor& part, const TextTemplate& text_template, std::size_t token_count) {
  for (const std::vector<TokenId>* ids : {&text_template.before, &text_template.after}) {
    for (const TokenId id : *ids) {
      if (static_cast<std::size_t>(id) < token_count) continue;
      part.at("special_tokens")
          .under("TK-07")
          .fail_with("id " + std::to_string(id), "an id below " + std::to_string(token_count));
    }
  }
}

TextTemplate parse_template(const JsonCursor& part, std::size_t token_count) {
  part.expect_only({"type", "single", "pair", "special_tokens"});
  TextTemplate result;
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
  check_ids(part, result, token_count);
  return result;
}

// ByteLevel only moves offsets, which we do not have.
bool is_template(const JsonCursor& part) {
  const std::string type = type_of(part);
  if (type == "TemplateProcessing") return true;
  if (type != "ByteLevel") part.at("type").fail("TemplateProcessing, ByteLevel or Sequence");
  part.expect_only({"type", "add_prefix_space", "trim_offsets", "use_regex"});
  return false;
}

}  // namespace

PreTokenizer parse_pre_tokenizer(const JsonCursor& part) {
  if (part.is_null()) return WholeText{};
  const std::string type = type_of(part);
  if (type == "ByteLevel") return parse_byte_level(part);
  if (type == "Sequence") {
    part.expect_only({"type", "pretokenizers"});
    return parse_sequence(part.at("pretokenizers"));
  }
  if (type != "WhitespaceSplit") {
    part.at("type").fail("null, WhitespaceSplit, ByteLevel or a Sequence of Split and ByteLevel");
  }
  part.expect_only({"type"});
  return WhitespaceSplit{};
}

TextTemplate parse_post_processor(const JsonCursor& part, std::size_t token_count) {
  if (part.is_null()) return {};
  if (type_of(part) != "Sequence") {
    return is_template(part) ? parse_template(part, token_count) : TextTemplate{};
  }
  part.expect_only({"type", "processors"});
  const JsonCursor list = part.at("processors");
  TextTemplate result;
  int templates = 0;
  for (std::size_t i = 0; i < list.array_size(); ++i) {
    if (!is_template(list.at(i))) continue;
    if (++templates > 1) list.at(i).fail("one TemplateProcessing");
    result = parse_template(list.at(i), token_count);
  }
  return result;
}

}  // namespace trainer
