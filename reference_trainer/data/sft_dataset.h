// Supervised fine-tuning data: JSONL rows to token sequences with a loss mask.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "reference_trainer/data/chat_template.h"
#include "reference_trainer/data/tokenizer.h"

namespace trainer {

// A row of the file; docs/data.md lists the kinds of row.
struct SftSample {
  std::vector<TokenId> tokens;       // [T] prompt and completion
  std::vector<std::uint8_t> target;  // [T] 1 where the token is a target of the loss
  std::int64_t prompt_length = 0;  // tokens before the last completion: what generation starts from
  std::string reference;           // the last completion as text, for ROUGE
};

enum class LossOn { kCompletion, kAllTokens };

struct SftOptions {
  std::int64_t max_length = 1024;  // tokens of a sample; the prompt is truncated on the left to fit
  LossOn loss_on = LossOn::kCompletion;
  std::int64_t max_samples = -1;  // reading stops after so many kept rows; -1: all
  ChatTemplate chat_template = ChatTemplate::kTulu;  // of rows with messages
  std::int64_t skip_bad = 0;  // rows that may be malformed (DS-01, DS-04, DS-05) and are left out
};

// What happened to the rows; printed by every command that reads a data set.
struct SftCounts {
  std::int64_t rows = 0;
  std::int64_t kept = 0;
  std::int64_t prompts_truncated = 0;
  std::int64_t texts_truncated = 0;
  std::int64_t dropped_without_target = 0;  // empty completion
  std::int64_t dropped_too_long = 0;        // the completion alone exceeds max_length
  std::int64_t bad = 0;                     // malformed and skipped, not counted as rows
  std::vector<std::string> bad_rows;        // an error line for each of the first 20 of them
  std::string summary() const;              // one line for people
};

struct SftDataset {
  std::vector<SftSample> samples;
  SftCounts counts;
};

// Ids the dataset appends and prepends; from the model's config.
struct SpecialTokens {
  std::vector<TokenId> eos;  // the first ends every completion; may be empty
};

// Reads the whole file. Throws Error with codes DS-01 ... DS-08, DS-13; DS-06 where the file
// changes meanwhile.
SftDataset read_sft_dataset(const std::filesystem::path& file, const Tokenizer& tokenizer,
                            const SpecialTokens& special, const SftOptions& options);

}  // namespace trainer
