// Training of adapters beside a frozen base: the loop of train/training_run.h with a state of its
// own.
#pragma once

#include "reference_trainer/baselines/lora.h"
#include "reference_trainer/train/training_run.h"

namespace trainer {

// Gradients that a backward pass cannot do without: those of the norms. All others are empty, so
// the products that would make them are left out.
template <Backend B>
Parameters<B> gradients_of_norms(B& backend, const ModelShape& shape) {
  Parameters<B> gradients = allocate_parameters(backend, shape);
  gradients.embedding = Tensor<B>();
  gradients.head = Tensor<B>();
  gradients.head_bias = Tensor<B>();
  for (auto& layer : gradients.layers) {
    layer.weight = {};
    layer.bias = {};
  }
  return gradients;
}

// What training adds to a network with adapters. The base's weights and their effective form are
// only read.
template <Backend B>
class LoraState {
 public:
  LoraState(B& backend, const Network<B>& network, Keep keep = Keep::kEveryLayer)
      : gradients(zeros_like(backend, network.adapters)),
        m(zeros_like(backend, network.adapters)),
        v(zeros_like(backend, network.adapters)),
        acts(network.plan.shape, keep),
        frozen_(gradients_of_norms(backend, network.plan.shape)) {
    fill_zero(backend, frozen_);
  }

  BackwardBuffers<B> backward_buffers() { return {acts, scratch, frozen_, &gradients}; }

  Adapters<B> gradients;
  Adapters<B> m, v;  // Adam's moments
  Activations<B> acts;
  TransformerScratch<B> scratch;
  ModelInput<B> input;
  Indices<B> targets;  // [1, N]

 private:
  Parameters<B> frozen_;  // written, never read
};

template <Backend B, class Loss>
LossSum step_gradients(B& backend, const Network<B>& network, const StepObjective<Loss>& objective,
                       LoraState<B>& state) {
  fill_zero(backend, state.gradients);
  return accumulate_gradients(backend, network, objective, state);
}

template <Backend B>
double gradient_norm(B& backend, const ForwardPlan&, LoraState<B>& state) {
  double sum = 0;
  for (auto& g : tensor_list(state.gradients)) sum += sum_of_squares(backend, *g.tensor);
  return std::sqrt(sum);
}

template <Backend B>
void update_parameters(B& backend, const TrainSettings& settings, const StepReport& report,
                       Network<B>& network, LoraState<B>& state) {
  AdamWStep adam = adam_step(settings, report);
  adam.step = report.step + 1;
  adam.weight_decay = settings.weight_decay;
  const auto adapters = tensor_list(network.adapters);
  const auto gradients = tensor_list(state.gradients), m = tensor_list(state.m),
             v = tensor_list(state.v);
  for (std::size_t i = 0; i < adapters.size(); ++i)
    adamw_update(backend, adam, *gradients[i].tensor, {*m[i].tensor, *v[i].tensor},
                 *adapters[i].tensor);
}

// The base is not part of a checkpoint: it does not change.
template <Backend B>
StoredTensors checkpoint_tensors(B& backend, Network<B>& network, LoraState<B>& state) {
  StoredTensors stored;
  stored.append(backend, network.adapters, "adapters.");
  stored.append(backend, state.m, "adam_m.");
  stored.append(backend, state.v, "adam_v.");
  return stored;
}

// Puts adapters and state where the checkpoint left them; returns the number of steps done. The
// network must be the base that the run began with, with adapters of the same settings.
template <Backend B>
std::int64_t restore_checkpoint(B& backend, const FoundCheckpoint& found, Network<B>& network,
                                LoraState<B>& state) {
  const SafetensorsFile file = SafetensorsFile::open(found.directory / "state.safetensors");
  read_checkpoint_tensors(backend, file, "adapters.", network.adapters);
  read_checkpoint_tensors(backend, file, "adam_m.", state.m);
  read_checkpoint_tensors(backend, file, "adam_v.", state.v);
  return found.info.step;
}

template <Backend B>
using LoraJob = TrainingJob<B, LoraState<B>>;

// Trains the adapters of job.network on the samples: cross-entropy of the targets, as run_training,
// but nothing else changes. RoLoRA's settings are AdamW at 1e-4 without decay, warm-up over a
// hundredth of the steps, cosine. Throws as run_training, and std::invalid_argument where there are
// no adapters.
template <Backend B>
void train_lora(B& backend, const TrainSettings& settings, const SampleView& samples,
                LoraJob<B>& job) {
  if (job.network.adapters.layers.empty())
    throw std::invalid_argument("training of adapters: the network has none");
  run_training(backend, settings, samples, job);
}

}  // namespace trainer
