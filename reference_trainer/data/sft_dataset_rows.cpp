#include "reference_trainer/data/sft_dataset_rows.h"

#include <utility>

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

ChatRole role_of(const JsonCursor& role) {
  const std::string& name = role.string();
  if (name == "system") return ChatRole::kSystem;
  if (name == "user") return ChatRole::kUser;
  if (name != "assistant") role.fail("system, user or assistant");
  return ChatRole::kAssistant;
}

// ShareGPT's words, and those of "messages", which occur there too.
ChatRole speaker_of(const JsonCursor& from) {
  const std::string& name = from.string();
  if (name == "system") return ChatRole::kSystem;
  if (name == "human" || name == "user") return ChatRole::kUser;
  if (name != "gpt" && name != "assistant") from.fail("system, human or gpt");
  return ChatRole::kAssistant;
}

void append_messages(const JsonCursor& list, TurnUse use, std::vector<ChatMessage>& messages) {
  if (list.array_size() == 0) list.fail_with("no message", "at least one");
  for (std::size_t i = 0; i < list.array_size(); ++i) {
    const JsonCursor message = list.at(i);
    const ChatRole role = role_of(message.at("role"));
    messages.push_back({role, content_text(message.at("content")), use});
  }
}

SftRow rendered(ChatTemplate chat, const std::vector<ChatMessage>& messages) {
  const SftRowKind kind = is_verbatim(chat) ? SftRowKind::kVerbatimTurns : SftRowKind::kTurns;
  return {kind, render_chat(chat, messages)};
}

SftRow conversation(const JsonCursor& list, ChatTemplate chat) {
  std::vector<ChatMessage> messages;
  append_messages(list, TurnUse::kLearned, messages);
  return rendered(chat, messages);
}

SftRow sharegpt_conversation(const JsonCursor& list, ChatTemplate chat) {
  if (list.array_size() == 0) list.fail_with("no message", "at least one");
  std::vector<ChatMessage> messages;
  for (std::size_t i = 0; i < list.array_size(); ++i) {
    const ChatRole role = speaker_of(list.at(i).at("from"));
    messages.push_back({role, list.at(i).at("value").string()});
  }
  return rendered(chat, messages);
}

SftRow prompt_and_completion(const JsonCursor& row, ChatTemplate chat) {
  const JsonCursor prompt = row.at("prompt");
  const JsonCursor completion = row.at("completion");
  if (!prompt.value().is_array()) {
    return {SftRowKind::kTurns, {{prompt.string(), completion.string()}}};
  }
  if (!completion.value().is_array()) completion.fail("a list of messages, as the prompt is");
  std::vector<ChatMessage> messages;
  append_messages(prompt, TurnUse::kGiven, messages);
  append_messages(completion, TurnUse::kLearned, messages);
  return rendered(chat, messages);
}

SftRow tldr_post(const JsonCursor& row) {
  const std::string prompt = "SUBREDDIT: r/" + row.at("subreddit").string() +
                             "\n\nTITLE: " + row.at("title").string() +
                             "\n\nPOST: " + row.at("post").string() + "\n\nTL;DR:";
  const std::string& summary = row.at("summary").string();
  // An empty summary stays one: there is nothing to learn.
  return {SftRowKind::kTurns, {{prompt, summary.empty() ? "" : " " + summary}}};
}

}  // namespace

SftRow parse_sft_row(const nlohmann::json& json, const std::string& where, ChatTemplate chat) {
  const JsonCursor row(json, where, "DS-04");
  row.expect_object();
  if (row.has("messages")) return conversation(row.at("messages"), chat);
  if (row.has("conversations")) return sharegpt_conversation(row.at("conversations"), chat);
  if (row.has("prompt") || row.has("completion")) return prompt_and_completion(row, chat);
  if (row.has("subreddit") && row.has("post")) return tldr_post(row);
  if (row.has("text")) return {SftRowKind::kText, {{"", row.at("text").string()}}};
  row.fail_with("none of the known keys",
                "prompt and completion, messages, conversations, subreddit with title, post and "
                "summary, or text");
}

}  // namespace trainer
