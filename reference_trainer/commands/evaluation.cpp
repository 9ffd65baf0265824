#include "reference_trainer/commands/evaluation.h"

#include "reference_trainer/report/number_text.h"
#include "reference_trainer/report/table.h"

namespace trainer {

ProgressStyle progress_style(const CommandLine& line) {
  return line.verbosity == Verbosity::kQuiet ? ProgressStyle::kSilent : progress_style_of_stderr();
}

nlohmann::ordered_json to_json(const Evaluation& e) {
  const auto percent = [&](double share) {
    return e.rouge_samples > 0 ? nlohmann::ordered_json(100 * share)
                               : nlohmann::ordered_json(nullptr);
  };
  return {{"loss", e.loss},
          {"perplexity", e.perplexity()},
          {"rouge1", percent(e.rouge.rouge1)},
          {"rouge2", percent(e.rouge.rouge2)},
          {"rougeL", percent(e.rouge.rouge_l)},
          {"rougeLsum", percent(e.rouge.rouge_lsum)},
          {"rouge_average", percent(e.rouge.average())},
          {"samples", e.samples},
          {"target_tokens", e.targets}};
}

std::string evaluation_table(const Evaluation& e) {
  Table table{{"measure", "value"}, {}};
  const nlohmann::ordered_json measures = to_json(e);
  for (auto it = measures.begin(); it != measures.end(); ++it) {
    const bool count = it->is_number_integer();
    table.rows.push_back({it.key(), it->is_null() ? "-"
                                    : count       ? it->dump()
                                                  : fixed_text(it->get<double>(), 4)});
  }
  return text_table(table);
}

}  // namespace trainer
