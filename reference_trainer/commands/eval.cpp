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
  print_result(line.format == ResultFormat::kJson ? to_json(e).dump() : evaluation_table(e));
}

template void eval_command(Cpu&, const CommandLine&);

}  // namespace trainer
