#include "reference_trainer/data/sft_dataset_encode.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "reference_trainer/base/error.h"
#include "reference_trainer/io/json.h"

namespace trainer {
namespace {

void append(const std::vector<TokenId>& tokens, std::uint8_t target, SftSample& sample) {
  sample.tokens.insert(sample.tokens.end(), tokens.begin(), tokens.end());
  sample.target.resize(sample.tokens.size(), target);
}

void erase_tokens(std::size_t first, std::size_t count, SftSample& sample) {
  const auto erase = [&](auto& list) {
    list.erase(list.begin() + first, list.begin() + first + count);
  };
  erase(sample.tokens);
  erase(sample.target);
}

}  // namespace

SftEncoder::SftEncoder(const Tokenizer& tokenizer, const SpecialTokens& special,
                       const SftOptions& options)
    : tokenizer_(tokenizer),
      special_(special),
      options_(options),
      empty_text_(tokenizer.encode("")) {
  const auto markers = chat_markers(options.chat_template);
  for (const std::string_view marker : markers) {
    const auto id = tokenizer.find(marker);
    const bool is_one = id && tokenizer.encode_continuation(marker) == std::vector<TokenId>{*id};
    if (!is_one && missing_marker_.empty()) missing_marker_ = marker;
  }
  if (!markers.empty()) verbatim_beginning_ = tokenizer.encode_continuation(markers.front());
}

void SftEncoder::require_markers() const {
  if (missing_marker_.empty()) return;
  throw_bad_input({"DS-13", "--chat_template " + std::string(name_of(options_.chat_template)),
                   "a tokenizer without the token " + in_quotes(missing_marker_),
                   "every special token of the template as one token",
                   "use tulu or plain, which need none"});
}

// Data made for another model may carry that model's end marker as plain text. Ours is appended as
// a token; a marker that our vocabulary has and that does not end a text is content.
void SftEncoder::drop_end_marker(std::string& completion) const {
  constexpr std::string_view kMarker = "<|endoftext|>";
  if (!completion.ends_with(kMarker)) return;
  const auto id = tokenizer_.find(kMarker);
  const auto& eos = special_.eos;
  if (id && std::find(eos.begin(), eos.end(), *id) == eos.end()) return;
  completion.resize(completion.size() - kMarker.size());
}

void SftEncoder::append_eos(SftSample& sample, std::uint8_t target) const {
  if (!special_.eos.empty()) append({special_.eos.front()}, target, sample);
}

void SftEncoder::append_turn(SftRowKind kind, const SftTurn& turn, SftSample& sample) const {
  const bool begins = sample.tokens.empty() && kind != SftRowKind::kVerbatimTurns;
  append(begins ? tokenizer_.encode(turn.context) : tokenizer_.encode_continuation(turn.context), 0,
         sample);
  sample.prompt_length = static_cast<std::int64_t>(sample.tokens.size());
  const std::uint8_t target = turn.completion.empty() || turn.use == TurnUse::kGiven ? 0 : 1;
  append(tokenizer_.encode_continuation(turn.completion + turn.end), target, sample);
  if (turn.end.empty()) append_eos(sample, target);
}

std::size_t SftEncoder::leading_special(SftRowKind kind, const SftSample& sample) const {
  const bool verbatim = kind == SftRowKind::kVerbatimTurns;
  const std::vector<TokenId>& special = verbatim ? verbatim_beginning_ : empty_text_;
  const auto differ = std::mismatch(special.begin(), special.end(), sample.tokens.begin(),
                                    sample.tokens.begin() + sample.prompt_length);
  return static_cast<std::size_t>(differ.first - special.begin());
}

// The first token has nothing before it that could predict it.
EncodedSftRow SftEncoder::finish(SftOutcome outcome, SftSample sample) const {
  if (options_.loss_on == LossOn::kAllTokens) {
    std::fill(sample.target.begin(), sample.target.end(), std::uint8_t{1});
  }
  if (!sample.target.empty()) sample.target.front() = 0;
  if (std::count(sample.target.begin(), sample.target.end(), 1) == 0) return {};
  return {outcome, std::move(sample)};
}

EncodedSftRow SftEncoder::encode_turns(SftRow row) const {
  SftSample sample;
  if (row.kind == SftRowKind::kVerbatimTurns) require_markers();
  for (const SftTurn& turn : row.turns) append_turn(row.kind, turn, sample);
  sample.reference = std::move(row.turns.back().completion);
  const auto length = static_cast<std::int64_t>(sample.tokens.size());
  const std::int64_t excess = length - options_.max_length;
  if (excess <= 0) return finish(SftOutcome::kKept, std::move(sample));
  const std::size_t kept_left = leading_special(row.kind, sample);
  if (excess > sample.prompt_length - static_cast<std::int64_t>(kept_left)) {
    return {SftOutcome::kTooLong, {}};
  }
  erase_tokens(kept_left, static_cast<std::size_t>(excess), sample);
  sample.prompt_length -= excess;
  return finish(SftOutcome::kPromptTruncated, std::move(sample));
}

EncodedSftRow SftEncoder::encode_text(const std::string& text) const {
  SftSample sample;
  sample.reference = text;
  append(tokenizer_.encode(text), 1, sample);
  append_eos(sample, 1);
  const auto longest = static_cast<std::size_t>(std::max<std::int64_t>(0, options_.max_length));
  if (sample.tokens.size() <= longest) return finish(SftOutcome::kKept, std::move(sample));
  sample.tokens.resize(longest);
  sample.target.resize(longest);
  return finish(SftOutcome::kTextTruncated, std::move(sample));
}

EncodedSftRow SftEncoder::encode(SftRow row) const {
  for (SftTurn& turn : row.turns) drop_end_marker(turn.completion);
  const auto is_unlearned = [](const SftTurn& turn) {
    return turn.completion.empty() || turn.use == TurnUse::kGiven;
  };
  while (!row.turns.empty() && is_unlearned(row.turns.back())) row.turns.pop_back();
  if (row.turns.empty()) return {};
  return row.kind == SftRowKind::kText ? encode_text(row.turns.back().completion)
                                       : encode_turns(std::move(row));
}

std::vector<TokenId> SftEncoder::encode_prompt(const std::string& message) const {
  const ChatTemplate chat = options_.chat_template;
  const SftRowKind kind = is_verbatim(chat) ? SftRowKind::kVerbatimTurns : SftRowKind::kTurns;
  if (kind == SftRowKind::kVerbatimTurns) require_markers();
  const ChatMessage messages[] = {{ChatRole::kUser, message}, {ChatRole::kAssistant, ""}};
  SftSample sample;
  append_turn(kind, render_chat(chat, messages).front(), sample);
  sample.tokens.resize(static_cast<std::size_t>(sample.prompt_length));
  return std::move(sample.tokens);
}

}  // namespace trainer
