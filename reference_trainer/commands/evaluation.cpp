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

nlohmann::ordered_json intervals_of(const Evaluation& e, const BootstrapSettings& settings) {
  if (e.rouge_each.empty()) return nullptr;
  nlohmann::ordered_json json{{"confidence", settings.confidence},
                              {"resamples", settings.resamples},
                              {"seed", settings.seed}};
  const auto add = [&](const char* name, const auto& score) {
    std::vector<double> values;
    for (const RougeScores& r : e.rouge_each) values.push_back(score(r));
    const ConfidenceInterval i = bootstrap_interval(values, settings);
    json[name] = {100 * i.low, 100 * i.high};
  };
  add("rouge1", [](const RougeScores& r) { return r.rouge1; });
  add("rouge2", [](const RougeScores& r) { return r.rouge2; });
  add("rougeL", [](const RougeScores& r) { return r.rouge_l; });
  add("rougeLsum", [](const RougeScores& r) { return r.rouge_lsum; });
  add("rouge_average", [](const RougeScores& r) { return r.average(); });
  return json;
}

std::string evaluation_table(const Evaluation& e, const nlohmann::ordered_json& intervals) {
  Table table{{"measure", "value"}, {}};
  const nlohmann::ordered_json measures = to_json(e);
  for (auto it = measures.begin(); it != measures.end(); ++it) {
    const bool count = it->is_number_integer();
    std::string text = it->is_null() ? "-" : count ? it->dump() : fixed_text(it->get<double>(), 4);
    if (intervals.is_object() && intervals.contains(it.key())) {
      const auto& bounds = intervals.at(it.key());
      text += " [" + fixed_text(bounds[0], 4) + ", " + fixed_text(bounds[1], 4) + "]";
    }
    table.rows.push_back({it.key(), text});
  }
  return text_table(table);
}

}  // namespace trainer
