// A JSON row as turns: a context that is given, then a completion that is learned.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace trainer {

struct SftTurn {
  std::string context;     // what is given before the completion
  std::string completion;  // may be empty
};

enum class SftRowKind {
  kTurns,  // contexts are given, completions are targets
  kText,   // one turn without a context: the text starts the sequence
};

struct SftRow {
  SftRowKind kind = SftRowKind::kTurns;
  std::vector<SftTurn> turns;  // none: nothing to learn
};

// Understands, in this order of precedence, the keys "messages", "prompt" with "completion", and
// "text"; other keys are ignored. Messages are rendered in the form of Tulu 3 (Lambert et al.
// 2024):
//   <|user|>\n...\n<|assistant|>\n...<eos>\n<|user|>\n...
// The end-of-sequence token is left to the tokenizing step; what follows the last answer is left
// out. `where` is "<file>:<line>". Throws Error DS-04 with the JSON pointer.
SftRow parse_sft_row(const nlohmann::json& json, const std::string& where);

}  // namespace trainer
