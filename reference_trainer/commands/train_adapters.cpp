// `train --method lora|rolora`: adapters beside a frozen base, saved, and merged.
#include "reference_trainer/baselines/lora_files.h"
#include "reference_trainer/baselines/lora_training.h"
#include "reference_trainer/commands/studies.h"
#include "reference_trainer/commands/train_run.h"
#include "reference_trainer/study/method_run.h"

namespace trainer {
namespace {

QuantConfig base_quantizers(const CommandLine& line) {
  return line.adapter_base == AdapterBase::kQuantized ? line.quant : QuantConfig{};
}

// A resumed run may have saved them: they appear complete or not at all.
template <Backend B>
void save_once(B& backend, const TrainRun<B>& run, const LoraSettings& lora, const LoraBase& base) {
  const std::filesystem::path directory = run.line.output_dir / "adapters";
  if (!std::filesystem::exists(directory))
    save_adapters(backend, directory, lora, base, run.session.network);
  say(run.line, "adapters: " + directory.string());
}

}  // namespace

template <Backend B>
void train_adapters(B& backend, TrainRun<B>& run) {
  const CommandLine& line = run.line;
  Network<B>& network = run.session.network;
  const LoraSettings lora = adapter_settings(study_settings(line, run.units));
  network.effective_form = line.train.effective_weights;
  const LoraBase base = prepare_lora_base(backend, base_quantizers(line), run.choice, network);
  attach_adapters(backend, lora, network);
  LoraState<B> state(backend, network, line.train.gradient_checkpointing);
  LoraJob<B> job{network, state};
  open_job(backend, run, job);
  const TrainSettings training = method_training(line, run.units);
  report_steps(line, training.max_steps, job,
               [&] { train_lora(backend, training, run.samples, job); });
  save_once(backend, run, lora, base);
  merge_adapters(backend, network);
  network.plan.quant = quantizers_of(line);
  update_effective_weights(backend, network);
}

template void train_adapters(Cpu&, TrainRun<Cpu>&);

}  // namespace trainer
