// One optimizer step: batch, forward, backward, update (line 8 of Algorithm 1, eq. 10).
#pragma once

#include <cmath>
#include <span>
#include <string>
#include <vector>

#include "reference_trainer/base/error.h"
#include "reference_trainer/model/batch_input.h"
#include "reference_trainer/model/transformer.h"
#include "reference_trainer/ops/eight_bit_adam.h"
#include "reference_trainer/train/held_parameters.h"
#include "reference_trainer/train/settings.h"

namespace trainer {

struct StepReport {
  std::int64_t step = 0;     // from 0
  double loss = 0;           // mean over targets, nats per token
  double gradient_norm = 0;  // before clipping
  double learning_rate = 0;
  std::int64_t tokens = 0;  // tokens fed to the model
};

// What the passes of a step write: all of it can be recomputed.
template <Backend B>
class GradientState {
 public:
  GradientState(B& backend, const Network<B>& network, Keep keep)
      : gradients(allocate_parameters(backend, network.plan.shape)),
        acts(network.plan.shape, keep) {
    moments_since.assign(tensor_list(gradients).size(), 0);
  }

  BackwardBuffers<B> backward_buffers() { return {acts, scratch, gradients}; }

  Parameters<B> gradients;
  Parameters<B> masters;  // what bfloat16 parameters are rounded from, or empty: none
  // The step before which a tensor's moments are zero, in the order of tensor_list: Adam's bias
  // correction counts from there.
  std::vector<std::int64_t> moments_since;
  Activations<B> acts;
  TransformerScratch<B> scratch;
  ModelInput<B> input;
  Indices<B> targets;  // [1, N]
};

// What training adds to a network: everything but the moments and their ages can be recomputed.
template <Backend B>
class TrainingState : public GradientState<B> {
 public:
  TrainingState(B& backend, const Network<B>& network, Keep keep = Keep::kEveryLayer)
      : GradientState<B>(backend, network, keep),
        m(allocate_parameters(backend, network.plan.shape)),
        v(allocate_parameters(backend, network.plan.shape)) {
    fill_zero(backend, m);
    fill_zero(backend, v);
  }

  Parameters<B> m, v;  // Adam's moments, in the basis of the master weights
};

// The same with moments of eight bits.
template <Backend B>
class EightBitState : public GradientState<B> {
 public:
  EightBitState(B& backend, const Network<B>& network, Keep keep = Keep::kEveryLayer)
      : GradientState<B>(backend, network, keep) {
    for (const auto& t : tensor_list(this->gradients)) {
      reset_moment(backend, signed_codebook(), t.tensor->rows(), t.tensor->cols(),
                   m.emplace_back());
      reset_moment(backend, unsigned_codebook(), t.tensor->rows(), t.tensor->cols(),
                   v.emplace_back());
    }
  }

  std::vector<CodedMoment<B>> m, v;  // in the order of tensor_list
};

// What a step makes smaller: a loss (see CrossEntropy) on micro-batches.
template <class Loss>
struct StepObjective {
  std::span<const TokenBatch> micro_batches;
  Loss& loss;
};

// Adds the gradients of all micro-batches; the loss of the step is the mean over all their targets.
template <Backend B, class Loss, class State>
LossSum accumulate_gradients(B& backend, const Network<B>& network,
                             const StepObjective<Loss>& objective, State& state) {
  std::int64_t targets = 0;
  for (const TokenBatch& batch : objective.micro_batches) targets += batch.target_count;
  const float scale = 1.0f / static_cast<float>(targets);
  LossSum sum;
  for (const TokenBatch& batch : objective.micro_batches) {
    load_batch(backend, batch, state.input);
    load_indices(backend, batch.targets, state.targets);
    transformer_forward(backend, network, state.input, state.acts);
    const LossSum part =
        transformer_backward(LossInput<B>{backend, network, state.input, state.targets, scale},
                             objective.loss, state.backward_buffers());
    sum.negative_log_likelihood += part.negative_log_likelihood;
    sum.targets += part.targets;
  }
  return sum;
}

// Folded norm gains are frozen unless the plan says otherwise: under R1 only a gain that is the
// same for every channel commutes, so training them is another parametrisation.
template <Backend B>
bool is_trained(const ForwardPlan& plan, const NamedTensor<B>& t) {
  return plan.norm_gains != NormGains::kFolded || t.kind != TensorKind::kNormGain;
}

// Gradients with respect to the master weights.
template <Backend B, class Loss>
LossSum step_gradients(B& backend, const Network<B>& network, const StepObjective<Loss>& objective,
                       GradientState<B>& state) {
  fill_zero(backend, state.gradients);
  const LossSum loss = accumulate_gradients(backend, network, objective, state);
  pull_back_gradients(backend, network.plan, state.gradients);
  return loss;
}

template <Backend B>
double gradient_norm(B& backend, const ForwardPlan& plan, Parameters<B>& gradients) {
  double sum = 0;
  for (auto& g : tensor_list(gradients)) {
    if (is_trained(plan, g)) sum += sum_of_squares(backend, *g.tensor);
  }
  return std::sqrt(sum);
}

template <Backend B>
double gradient_norm(B& backend, const ForwardPlan& plan, GradientState<B>& state) {
  return gradient_norm(backend, plan, state.gradients);
}

// Adam's step `report.step` with its learning rate, and the scale that clips its gradients.
inline AdamWStep adam_step(const TrainSettings& settings, const StepReport& report) {
  AdamWStep adam{report.learning_rate, settings.adam_beta1, settings.adam_beta2,
                 settings.adam_epsilon};
  if (settings.max_grad_norm > 0 && report.gradient_norm > settings.max_grad_norm) {
    adam.gradient_scale = settings.max_grad_norm / report.gradient_norm;
  }
  return adam;
}

// One step of every trained tensor; moments_of(i) are those of the i-th of tensor_list.
template <Backend B, class MomentsOf>
void update_tensors(B& backend, const TrainSettings& settings, const StepReport& report,
                    Network<B>& network, GradientState<B>& state, const MomentsOf& moments_of) {
  AdamWStep adam = adam_step(settings, report);
  HeldParameters<B> held(network, state.masters);
  const auto gradients = tensor_list(state.gradients);
  for (std::size_t i = 0; i < gradients.size(); ++i) {
    if (!is_trained(network.plan, gradients[i])) continue;
    adam.step = report.step + 1 - state.moments_since[i];
    adam.weight_decay = gradients[i].is_matrix() ? settings.weight_decay : 0;
    held.update(backend, i, rounding_key(settings.seed, report.step, i), [&](Tensor<B>& w) {
      adamw_update(backend, adam, *gradients[i].tensor, moments_of(i), w);
    });
  }
  held.finish(backend);
}

template <Backend B>
void update_parameters(B& backend, const TrainSettings& settings, const StepReport& report,
                       Network<B>& network, TrainingState<B>& state) {
  const auto m = tensor_list(state.m), v = tensor_list(state.v);
  update_tensors(backend, settings, report, network, state, [&](std::size_t i) {
    return AdamWState<B>{*m[i].tensor, *v[i].tensor};
  });
}

template <Backend B>
void update_parameters(B& backend, const TrainSettings& settings, const StepReport& report,
                       Network<B>& network, EightBitState<B>& state) {
  update_tensors(backend, settings, report, network, state, [&](std::size_t i) {
    return EightBitMoments<B>{state.m[i], state.v[i]};
  });
}

// Runs step `step` on the objective. `state` says what is trained: TrainingState, EightBitState, or
// any type with step_gradients, gradient_norm and update_parameters. Throws Error (TR-01, exit code
// 5) before any weight changes when the loss or the gradient is not finite.
template <Backend B, class Loss, class State>
StepReport train_step(B& backend, const TrainSettings& settings, std::int64_t step,
                      const StepObjective<Loss>& objective, Network<B>& network, State& state) {
  const LossSum loss = step_gradients(backend, network, objective, state);
  StepReport report{step, loss.negative_log_likelihood / static_cast<double>(loss.targets),
                    gradient_norm(backend, network.plan, state), learning_rate_at(settings, step),
                    0};
  for (const TokenBatch& batch : objective.micro_batches)
    report.tokens += static_cast<std::int64_t>(batch.tokens.size());
  if (!std::isfinite(report.loss) || !std::isfinite(report.gradient_norm)) {
    throw Error(ExitCode::kNumerics,
                {"TR-01", "step " + std::to_string(step),
                 "loss " + std::to_string(report.loss) + ", gradient norm " +
                     std::to_string(report.gradient_norm),
                 "finite numbers", "lower --learning_rate; the last checkpoint is intact"});
  }
  update_parameters(backend, settings, report, network, state);
  return report;
}

// The same for the cross-entropy of the micro-batches' targets.
template <Backend B>
StepReport train_step(B& backend, const TrainSettings& settings, std::int64_t step,
                      std::span<const TokenBatch> micro_batches, Network<B>& network,
                      TrainingState<B>& state) {
  const CrossEntropy loss;
  return train_step(backend, settings, step, StepObjective<const CrossEntropy>{micro_batches, loss},
                    network, state);
}

}  // namespace trainer
