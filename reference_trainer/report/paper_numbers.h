// The paper's own numbers, to stand beside ours.
#pragma once

#include "reference_trainer/report/report_data.h"

namespace trainer {

enum class PaperModel { kPythia1B, kPythia6_9B };

// Writes the numbers of Table 7 (whose half of Pythia 6.9B at W4A4KV4 is Table 1) into the cells of
// `table` whose setting, method and measure the paper has under the same names: "FP16", "W4A4KV4",
// "W4A8KV4"; "Base", "SFT", "RTN", "GPTQ", "LLM-QAT", "QuaRot", "SpinQuant", "STE", "RoSTE";
// "ROUGE-1", "ROUGE-2", "ROUGE-L", "ROUGE-LSum", "ROUGE (Avg.)". ROUGE in percent. Rows of Table 3
// are the methods "No Rotation", "Complete Rotation" and "RoSTE (Adaptive Rotation)" at W4A4KV4, of
// Pythia 1B. Other cells stay as they are.
void add_paper_numbers(PaperModel model, ReportTable& table);

}  // namespace trainer
