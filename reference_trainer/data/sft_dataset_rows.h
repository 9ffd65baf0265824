// A JSON row as turns: a context that is given, then a completion that is learned.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "reference_trainer/data/chat_template.h"

namespace trainer {

enum class SftRowKind {
  kTurns,          // contexts are given, completions are targets
  kVerbatimTurns,  // the same, and the text says its special tokens itself
  kText,           // one turn without a context: the text starts the sequence
};

struct SftRow {
  SftRowKind kind = SftRowKind::kTurns;
  std::vector<SftTurn> turns;  // none: nothing to learn
};

// Understands, in this order of precedence, the keys
//   "messages" [{"role", "content"}]   "conversations" [{"from", "value"}] (ShareGPT)
//   "prompt" with "completion": two strings, or two lists of messages
//   "subreddit", "title", "post", "summary": rows of TL;DR (Stiennon et al. 2020, table 7)
//   "text"
// Other keys are ignored. Messages are rendered by `chat`. `where` is "<file>:<line>". Throws Error
// DS-04 with the JSON pointer.
SftRow parse_sft_row(const nlohmann::json& json, const std::string& where,
                     ChatTemplate chat = ChatTemplate::kTulu);

}  // namespace trainer
