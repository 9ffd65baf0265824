// `eval`: what a model directory is worth on a data set.
#include "reference_trainer/commands/commands.h"
#include "reference_trainer/commands/evaluation.h"
#include "reference_trainer/report/number_text.h"
#include "reference_trainer/report/table.h"

namespace trainer {

ProgressStyle progress_style(const CommandLine& line) {
  return line.verbosity == Verbosity::kQuiet ? ProgressStyle::kSilent : progress_style_of_stderr();
}

nlohmann::ordered_json to_json(const Evaluation& e) {
  return {{"loss", e.loss},
          {"perplexity", e.perplexity()},
          {"rouge1", 100 * e.rouge.rouge1},
          {"rouge2", 100 * e.rouge.rouge2},
          {"rougeL", 100 * e.rouge.rouge_l},
          {"rougeLsum", 100 * e.rouge.rouge_lsum},
          {"rouge_average", 100 * e.rouge.average()},
          {"samples", e.samples},
          {"target_tokens", e.targets}};
}

template <Backend B>
void eval_command(B& backend, const CommandLine& line) {
  const Session<B> session = load_session(backend, line);
  const SftDataset data = load_dataset(line, line.data.dataset, session.tokenizer, session.shape());
  const Evaluation e =
      evaluate_samples<B>(backend, line, session.network, session.tokenizer, data.samples);
  if (line.format == ResultFormat::kJson) return print_result(to_json(e).dump());
  Table table{{"measure", "value"}, {}};
  const nlohmann::ordered_json measures = to_json(e);
  for (auto it = measures.begin(); it != measures.end(); ++it) {
    table.rows.push_back({it.key(), fixed_text(it.value().template get<double>(), 4)});
  }
  print_result(text_table(table));
}

template void eval_command(Cpu&, const CommandLine&);

}  // namespace trainer
