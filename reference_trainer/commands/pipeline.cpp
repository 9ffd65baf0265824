#include "reference_trainer/commands/pipeline.h"

#include "reference_trainer/report/number_text.h"
#include "reference_trainer/report/table.h"

namespace trainer {
namespace {

std::string rouge_text(const Evaluation& e, double share) {
  return e.rouge_samples > 0 ? fixed_text(100 * share, 2) : "-";
}

}  // namespace

nlohmann::ordered_json to_json(const MethodResult& r, const TrainSettings& training) {
  nlohmann::ordered_json json{{"method", r.method}, {"setting", bits_name(r.quant)}};
  json.update(to_json(r.evaluation));
  json["rotations"] = r.choice.layers.at(0).text();
  if (!r.model.empty()) json["model"] = r.model;
  json["seconds"] = r.seconds;
  json["settings"] = {{"quantization", to_json(r.quant)}, {"rotation", to_json(r.choice)}};
  const bool trained = r.method != "Base";
  if (trained) json["settings"]["training"] = to_json(training);
  return json;
}

std::string results_table(const std::vector<MethodResult>& results) {
  Table table{{"method", "setting", "R1-R4", "loss", "perplexity", "ROUGE-1", "ROUGE-2", "ROUGE-L",
               "ROUGE-Lsum", "average", "seconds"},
              {}};
  for (const MethodResult& r : results) {
    const Evaluation& e = r.evaluation;
    table.rows.push_back({r.method, bits_name(r.quant), r.choice.layers.at(0).text(),
                          fixed_text(e.loss, 4), fixed_text(e.perplexity(), 3),
                          rouge_text(e, e.rouge.rouge1), rouge_text(e, e.rouge.rouge2),
                          rouge_text(e, e.rouge.rouge_l), rouge_text(e, e.rouge.rouge_lsum),
                          rouge_text(e, e.rouge.average()), fixed_text(r.seconds, 1)});
  }
  return text_table(table);
}

}  // namespace trainer
