// ROUGE-1, -2, -L and -Lsum as rouge-score 0.1.2 computes them (Lin 2004).
#pragma once

#include <string_view>

namespace trainer {

// F1 measures in [0, 1]; larger is better.
struct RougeScores {
  double rouge1 = 0, rouge2 = 0, rouge_l = 0, rouge_lsum = 0;
  double average() const { return (rouge1 + rouge2 + rouge_l + rouge_lsum) / 4; }
};

// kPorter compares the stems of words of more than three letters; the paper compares words.
enum class Stemming { kNone, kPorter };

// Text is lower-cased and split at everything but a-z and 0-9; Lsum splits sentences at newlines.
RougeScores rouge(std::string_view reference, std::string_view prediction,
                  Stemming stemming = Stemming::kNone);

}  // namespace trainer
