// Conversations as text: the exact characters around every message, fixed per template. Nothing of
// a model directory's own template is interpreted. docs/data.md shows every form.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace trainer {

enum class ChatTemplate { kTulu, kChatml, kQwen2, kLlama3, kPlain };

// The words for them, in flags and recipes; indexed by the enumerators.
inline constexpr std::array<std::string_view, 5> kChatTemplateNames = {"tulu", "chatml", "qwen2",
                                                                       "llama3", "plain"};
constexpr std::string_view name_of(ChatTemplate chat) {
  return kChatTemplateNames[static_cast<std::size_t>(chat)];
}

enum class ChatRole { kSystem, kUser, kAssistant };

enum class TurnUse {
  kLearned,  // the completion is a target
  kGiven,    // the completion is context, as an answer inside a prompt is
};

struct ChatMessage {
  ChatRole role = ChatRole::kUser;
  std::string content;
  TurnUse use = TurnUse::kLearned;  // of an assistant's message
};

struct SftTurn {
  std::string context;     // what is given before the completion
  std::string completion;  // may be empty
  // What ends the completion, and is learned with it; empty: the model's end-of-sequence token.
  std::string end = {};
  TurnUse use = TurnUse::kLearned;
};

// One turn for each assistant's message; the context ends with the generation prompt. What follows
// the end of the last answer is left out.
std::vector<SftTurn> render_chat(ChatTemplate chat, std::span<const ChatMessage> messages);

// The special tokens that a tokenizer must have as one token each; none for kTulu and kPlain.
std::span<const std::string_view> chat_markers(ChatTemplate chat);

// The token that ends an assistant's message; empty where that is the model's own.
std::string_view end_of_turn(ChatTemplate chat);

// Whether the text says all special tokens itself, so that a tokenizer adds none.
constexpr bool is_verbatim(ChatTemplate chat) {
  return chat != ChatTemplate::kTulu && chat != ChatTemplate::kPlain;
}

}  // namespace trainer
