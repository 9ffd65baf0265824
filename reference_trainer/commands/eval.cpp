// `eval`: what a model directory is worth on a data set.
#include "reference_trainer/commands/commands.h"
#include "reference_trainer/commands/evaluation.h"

namespace trainer {

template <Backend B>
void eval_command(B& backend, const CommandLine& line) {
  const Session<B> session = load_session(backend, line);
  const SftDataset data = load_dataset(line, line.data.dataset, session.tokenizer, session.shape());
  const Evaluation e =
      evaluate_samples<B>(backend, line, session.network, session.tokenizer, data.samples);
  nlohmann::ordered_json intervals;
  if (line.generation.bootstrap_samples > 0)
    intervals = intervals_of(e, {0.95, line.generation.bootstrap_samples, line.train.seed});
  nlohmann::ordered_json result = to_json(e);
  if (!intervals.is_null()) result["bootstrap"] = intervals;
  print_result(line.format == ResultFormat::kJson ? result.dump() : evaluation_table(e, intervals));
}

template void eval_command(Cpu&, const CommandLine&);

}  // namespace trainer
