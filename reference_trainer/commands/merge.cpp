// `merge`: adapters become part of the weights, and nothing else changes.
#include "reference_trainer/baselines/lora_files.h"
#include "reference_trainer/commands/commands.h"
#include "reference_trainer/commands/probe.h"
#include "reference_trainer/commands/session.h"
#include "reference_trainer/io/staged_directory.h"

namespace trainer {
namespace {

void print_merged(const CommandLine& line, const LoraRecord& record, double difference) {
  const nlohmann::json result{{"max_relative_logit_difference", difference},
                              {"settings", bits_name(line.quant)},
                              {"rotation", to_json(record.base.choice)}};
  print_result(line.format == ResultFormat::kJson
                   ? result.dump()
                   : "merged adapters of rank " + std::to_string(record.settings.rank) +
                         ", rotations " + record.base.choice.layers.at(0).text() +
                         "; largest change of a logit before quantizing to " +
                         bits_name(line.quant) + ": " + difference_text(difference) +
                         " of the largest logit");
}

}  // namespace

template <Backend B>
void merge_command(B& backend, const CommandLine& line) {
  check_output_directory(line.output_dir, line.model.model_name_or_path);
  Session<B> session = load_session(backend, line);
  fold_for_quantization(backend, session);
  const LoraRecord record = load_adapters(backend, line.model.adapters, {}, session.network);
  const std::vector<float> unmerged = probe_logits(backend, session.network);
  merge_adapters(backend, session.network);
  const double difference =
      largest_relative_difference(unmerged, probe_logits(backend, session.network));
  check_unchanged(difference, line.model.adapters);
  session.network.plan.quant = line.quant;
  save_session(backend, session, line.output_dir);
  print_merged(line, record, difference);
}

template void merge_command(Cpu&, const CommandLine&);

}  // namespace trainer
