#include "reference_trainer/data/chat_template.h"

#include <utility>

namespace trainer {
namespace {

using std::string_view;

constexpr string_view kChatmlMarkers[] = {"<|im_start|>", "<|im_end|>"};
constexpr string_view kLlama3Markers[] = {"<|begin_of_text|>", "<|start_header_id|>",
                                          "<|end_header_id|>", "<|eot_id|>"};
constexpr string_view kQwen2System = "You are a helpful assistant.";

string_view role_name(ChatRole role) {
  constexpr string_view kNames[] = {"system", "user", "assistant"};
  return kNames[static_cast<std::size_t>(role)];
}

// What stands around a message of any role.
struct ChatForm {
  string_view before_role, after_role;
  string_view end;         // after what is not an assistant's
  string_view answer_end;  // after an assistant's message; empty: the model's own
  string_view between;     // after an assistant's end
};

ChatForm form_of(ChatTemplate chat) {
  switch (chat) {
    case ChatTemplate::kTulu:
      return {"<|", "|>\n", "\n", "", "\n"};
    case ChatTemplate::kChatml:
    case ChatTemplate::kQwen2:
      return {"<|im_start|>", "\n", "<|im_end|>\n", "<|im_end|>", "\n"};
    case ChatTemplate::kLlama3:
      return {"<|start_header_id|>", "<|end_header_id|>\n\n", "<|eot_id|>", "<|eot_id|>", ""};
    case ChatTemplate::kPlain:
      break;
  }
  return {"", "", "\n", "", "\n"};
}

// Llama 3's template strips white space, as Python's str.strip() does.
string_view stripped(string_view text) {
  const auto is_blank = [](unsigned char c) { return (c >= 9 && c <= 13) || (c >= 28 && c <= 32); };
  constexpr string_view kWide[] = {"\u0085", "\u00a0", "\u1680", "\u2000", "\u2001",
                                   "\u2002", "\u2003", "\u2004", "\u2005", "\u2006",
                                   "\u2007", "\u2008", "\u2009", "\u200a", "\u2028",
                                   "\u2029", "\u202f", "\u205f", "\u3000"};
  const auto at_start = [&]() -> std::size_t {
    if (!text.empty() && is_blank(static_cast<unsigned char>(text.front()))) return 1;
    for (const string_view wide : kWide)
      if (text.starts_with(wide)) return wide.size();
    return 0;
  };
  const auto at_end = [&]() -> std::size_t {
    if (!text.empty() && is_blank(static_cast<unsigned char>(text.back()))) return 1;
    for (const string_view wide : kWide)
      if (text.ends_with(wide)) return wide.size();
    return 0;
  };
  while (const std::size_t bytes = at_start()) text.remove_prefix(bytes);
  while (const std::size_t bytes = at_end()) text.remove_suffix(bytes);
  return text;
}

void append_header(ChatTemplate chat, ChatRole role, std::string& text) {
  const ChatForm form = form_of(chat);
  text += form.before_role;
  if (chat != ChatTemplate::kPlain) text += role_name(role);
  text += form.after_role;
}

std::string beginning(ChatTemplate chat, std::span<const ChatMessage> messages) {
  std::string text;
  if (chat == ChatTemplate::kLlama3) text = kLlama3Markers[0];
  const bool has_system = !messages.empty() && messages.front().role == ChatRole::kSystem;
  if (chat == ChatTemplate::kQwen2 && !has_system) {
    append_header(chat, ChatRole::kSystem, text);
    text.append(kQwen2System).append(form_of(chat).end);
  }
  return text;
}

}  // namespace

std::vector<SftTurn> render_chat(ChatTemplate chat, std::span<const ChatMessage> messages) {
  const ChatForm form = form_of(chat);
  std::vector<SftTurn> turns;
  std::string context = beginning(chat, messages);
  for (const ChatMessage& message : messages) {
    const string_view content =
        chat == ChatTemplate::kLlama3 ? stripped(message.content) : string_view(message.content);
    append_header(chat, message.role, context);
    if (message.role == ChatRole::kAssistant) {
      turns.push_back(
          {std::move(context), std::string(content), std::string(form.answer_end), message.use});
      context = form.between;
    } else {
      context.append(content).append(form.end);
    }
  }
  return turns;
}

std::span<const string_view> chat_markers(ChatTemplate chat) {
  if (!is_verbatim(chat)) return {};
  if (chat == ChatTemplate::kLlama3) return kLlama3Markers;
  return kChatmlMarkers;
}

string_view end_of_turn(ChatTemplate chat) { return form_of(chat).answer_end; }

}  // namespace trainer
