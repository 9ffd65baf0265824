#include "reference_trainer/data/sft_dataset_rows.h"

#include "reference_trainer/data/json_cursor.h"

namespace trainer {
namespace {

// A part is {"type": "text"} with its text under "text" or "value": both are in use.
std::string part_text(const JsonCursor& part) {
  const JsonCursor type = part.at("type");
  if (type.string() != "text") type.fail("\"text\"");
  return part.at(part.has("value") ? "value" : "text").string();
}

std::string content_text(const JsonCursor& content) {
  if (content.value().is_string()) return content.string();
  if (!content.value().is_array()) content.fail("a string or a list of text parts");
  std::string text;
  for (std::size_t i = 0; i < content.array_size(); ++i) text += part_text(content.at(i));
  return text;
}

SftRow conversation(const JsonCursor& messages) {
  SftRow row;
  if (messages.array_size() == 0) messages.fail_with("no message", "at least one");
  std::string context;
  for (std::size_t i = 0; i < messages.array_size(); ++i) {
    const JsonCursor message = messages.at(i);
    const std::string& role = message.at("role").string();
    const std::string content = content_text(message.at("content"));
    context += "<|" + role + "|>\n";
    if (role == "assistant") {
      row.turns.push_back({std::move(context), content});
      context.assign(1, '\n');  // after the end-of-sequence token
    } else if (role == "user" || role == "system") {
      context += content + "\n";
    } else {
      message.at("role").fail("system, user or assistant");
    }
  }
  return row;
}

}  // namespace

SftRow parse_sft_row(const nlohmann::json& json, const std::string& where) {
  const JsonCursor row(json, where, "DS-04");
  row.expect_object();
  if (row.has("messages")) return conversation(row.at("messages"));
  if (row.has("prompt") || row.has("completion")) {
    return {SftRowKind::kTurns, {{row.at("prompt").string(), row.at("completion").string()}}};
  }
  if (row.has("text")) return {SftRowKind::kText, {{"", row.at("text").string()}}};
  row.fail_with("none of the known keys", "prompt and completion, messages, or text");
}

}  // namespace trainer
