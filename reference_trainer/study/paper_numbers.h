// ROUGE of the paper's Tables 1, 3 and 7 (TL;DR summarization): what ours stand beside. Its models
// have 10^9 parameters and more, its posts are real: orders can be compared, values cannot.
#pragma once

#include <optional>
#include <string>

#include "reference_trainer/study/cells.h"

namespace trainer {

// Percent.
struct PaperRouge {
  double rouge1, rouge2, rouge_l, rouge_lsum, average;
};

enum class PaperModel { kPythia1B, kPythia6_9B };

// The row of Table 7 (which holds Table 1) for method and bits, if there is one. "complete" is in
// Table 3 with its average alone, see paper_complete_average.
std::optional<PaperRouge> paper_rouge(PaperModel model, const Cell& cell);

// Table 3: complete rotation, Pythia 1B, W4A4KV4.
inline constexpr double kPaperCompleteAverage = 13.09;

}  // namespace trainer
