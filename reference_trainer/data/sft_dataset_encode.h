// One row to one sample: tokens, targets and the fit into max_length.
#pragma once

#include "reference_trainer/data/sft_dataset.h"
#include "reference_trainer/data/sft_dataset_rows.h"

namespace trainer {

enum class SftOutcome { kKept, kPromptTruncated, kTextTruncated, kWithoutTarget, kTooLong };

struct EncodedSftRow {
  SftOutcome outcome = SftOutcome::kWithoutTarget;
  SftSample sample;  // filled where the row is kept or truncated
};

// Refers to its arguments, which must outlive it.
class SftEncoder {
 public:
  SftEncoder(const Tokenizer& tokenizer, const SpecialTokens& special, const SftOptions& options);

  // Contexts are encoded as text, the first one from the beginning; every completion as a
  // continuation, closed by the first eos. A context loses tokens at its left end (behind the
  // beginning-of-sequence tokens) until the sample fits; the last completion never loses any.
  // Throws Error DS-13 where a template's special token is not one token of the tokenizer.
  EncodedSftRow encode(SftRow row) const;

  // The prompt of a sample whose only message before the answer is the user's `message`; nothing is
  // cut. Throws as encode.
  std::vector<TokenId> encode_prompt(const std::string& message) const;

 private:
  void drop_end_marker(std::string& completion) const;
  void require_markers() const;
  void append_turn(SftRowKind kind, const SftTurn& turn, SftSample& sample) const;
  void append_eos(SftSample& sample, std::uint8_t target) const;
  EncodedSftRow encode_turns(SftRow row) const;
  EncodedSftRow encode_text(const std::string& text) const;
  std::size_t leading_special(SftRowKind kind, const SftSample& sample) const;
  EncodedSftRow finish(SftOutcome outcome, SftSample sample) const;

  const Tokenizer& tokenizer_;
  const SpecialTokens& special_;
  const SftOptions& options_;
  std::vector<TokenId> empty_text_;          // what the tokenizer puts around every text
  std::vector<TokenId> verbatim_beginning_;  // the first special token of the template
  std::string missing_marker_;               // a special token of it that the tokenizer lacks
};

}  // namespace trainer
