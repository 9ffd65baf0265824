// SpinQuant (Liu et al., "SpinQuant: LLM quantization with learned rotations", 2024): R1 and one R2
// per layer are learned by Cayley SGD on the loss of the fake-quantized network, whose weights are
// frozen; R3 and R4 stay random Hadamard rotations, online.
#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <span>

#include "reference_trainer/baselines/cayley_sgd.h"
#include "reference_trainer/baselines/spinquant_weights.h"
#include "reference_trainer/eval/evaluate.h"
#include "reference_trainer/train/training_run.h"

namespace trainer {

// What the weights are while rotations are learned.
enum class LearningWeights {
  kQuantized,      // rounded at every step, gradients straight through: RTN follows
  kFullPrecision,  // 16 bits: GPTQ follows, as SpinQuant's authors advise
};

// Defaults are those of SpinQuant's code.
struct SpinQuantSettings {
  std::int64_t steps = 100;
  double learning_rate = 1.5;   // at the first step; cosine to 0
  std::int64_t batch = 8;       // sequences per step
  std::uint64_t seed = 0;       // of the Hadamard start, of R3 and R4, and of the samples' order
  RotationMask online{0b1100};  // which of R3 and R4 act: 0011
  OnlineSigns online_signs = OnlineSigns::kRandom;  // kNone in SpinQuant's code
  LearningWeights weights = LearningWeights::kQuantized;
  CayleySettings cayley;
};

struct SpinQuantStep {
  std::int64_t step = 0;  // from 0
  double loss = 0;        // mean over the batch's targets before the update, nats per token
  double learning_rate = 0;
  double r1_step_size = 0;  // <= learning_rate; see CayleyStep
};

struct SpinQuantResult {
  DenseRotations rotations;  // learned
  RotationChoice online;     // R3 and R4
  double hadamard_loss = 0;  // over all samples under the Hadamard start, nats per token
  double learned_loss = 0;   // the same under the learned rotations
  double defect = 0;         // the largest orthogonality_defect of all rotations
  std::vector<SpinQuantStep> history;
};

// Losses, defect and history, for results.json; the rotations have a file of their own.
nlohmann::ordered_json to_json(const SpinQuantResult& result);

// Called after every step; may be empty.
using SpinQuantObserver = std::function<void(const SpinQuantStep&)>;

// Throws std::invalid_argument unless steps and batch are positive, `online` names only R3 and R4,
// there are samples, and the network has folded norms and master weights.
void check_spinquant(const SpinQuantSettings& settings, std::size_t samples,
                     const ForwardPlan& folded);

// The learning rates and the order of the samples are those of a training run of one epoch order.
TrainSettings schedule_of(const SpinQuantSettings& settings);

// R3 and R4 of the settings.
RotationChoice online_choice(const SpinQuantSettings& settings, const ModelShape& shape);

// The quantizers in force while rotations are learned.
QuantConfig learning_quantizers(const SpinQuantSettings& settings, const QuantConfig& quant);

// The largest orthogonality_defect of all matrices.
double largest_defect(const DenseRotations& rotations);

// Throws Error (TR-01, exit code 5) when a loss is not finite.
void check_spinquant_loss(std::int64_t step, double loss);

// The network of one choice of R1 and R2, and its loss as a function of them. `folded` outlives it.
template <Backend B>
class RotatedNetwork {
 public:
  RotatedNetwork(B& backend, const QuantConfig& quant, const RotationChoice& online,
                 const Network<B>& folded)
      : backend_(backend),
        rotator_(backend, folded.plan.shape, folded.parameters),
        network_(make_network(backend, make_plan(folded.plan.shape, quant, online))),
        dweights_(allocate_parameters(backend, folded.plan.shape)),
        acts_(folded.plan.shape, Keep::kEveryLayer) {
    network_.plan.norm_gains = folded.plan.norm_gains;
    copy_parameters(backend, folded.parameters, network_.parameters);
  }

  // Puts the rotations into force.
  void rotate(const DenseRotations& r) {
    rotator_.rotate(r, network_.parameters);
    update_effective_weights(backend_, network_);
  }

  // Mean loss over the targets of all samples, nats per token; `batch` sequences at a time.
  double mean_loss(std::span<const SftSample> samples, std::size_t batch) {
    const LossSum sum = dataset_loss(backend_, network_, samples, batch, {});
    return sum.negative_log_likelihood / static_cast<double>(sum.targets);
  }

  // Mean loss over the targets of a batch, and its gradient; `r` is in force.
  double loss_and_gradients(const DenseRotations& r, const TokenBatch& batch,
                            RotationGradients& gradients) {
    load_batch(backend_, batch, input_);
    load_indices(backend_, batch.targets, targets_);
    fill_zero(backend_, dweights_);
    transformer_forward(backend_, network_, input_, acts_);
    const LossSum sum = transformer_backward(backend_, network_, input_, targets_,
                                             1.0f / static_cast<float>(batch.target_count),
                                             {acts_, scratch_, dweights_});
    pull_back_gradients(backend_, network_.plan, dweights_);
    gradients = rotator_.pull_back(r, dweights_);
    return sum.negative_log_likelihood / static_cast<double>(sum.targets);
  }

 private:
  B& backend_;
  WeightRotator<B> rotator_;
  Network<B> network_;
  Parameters<B> dweights_;
  Activations<B> acts_;
  TransformerScratch<B> scratch_;
  ModelInput<B> input_;
  Indices<B> targets_;
};

// One optimizer for each learned matrix.
class RotationOptimizer {
 public:
  RotationOptimizer(const CayleySettings& settings, const DenseRotations& start);

  // Returns the step size of R1.
  double step(double learning_rate, const RotationGradients& gradients);
  const DenseRotations& rotations() const { return rotations_; }

 private:
  DenseRotations rotations_;
  CayleySgd r1_;
  std::vector<CayleySgd> r2_;
};

// Learns R1 and R2 of a folded, unrotated network on `samples`, from the Hadamard rotations of the
// seed. Under LearningWeights::kFullPrecision the bits of quant.weight are ignored. Throws as
// check_spinquant and check_spinquant_loss.
template <Backend B>
SpinQuantResult learn_rotations(B& backend, const SpinQuantSettings& settings,
                                const QuantConfig& quant, std::span<const SftSample> samples,
                                const Network<B>& folded, const SpinQuantObserver& observer = {}) {
  check_spinquant(settings, samples.size(), folded.plan);
  const ModelShape& shape = folded.plan.shape;
  const TrainSettings schedule = schedule_of(settings);
  const auto batch = static_cast<std::size_t>(settings.batch);
  SpinQuantResult result{
      hadamard_rotations(shape, settings.seed), online_choice(settings, shape), 0, 0, 0, {}};
  RotationOptimizer optimizer(settings.cayley, result.rotations);
  RotatedNetwork<B> rotated(backend, learning_quantizers(settings, quant), result.online, folded);
  BatchPlan plan(samples, batch_settings(schedule));

  rotated.rotate(optimizer.rotations());
  result.hadamard_loss = rotated.mean_loss(samples, batch);
  for (std::int64_t step = 0; step < settings.steps; ++step) {
    stop_if_requested();
    const TokenBatch tokens = step_batches(samples, plan, step).front();
    SpinQuantStep report{step, 0, learning_rate_at(schedule, step), 0};
    RotationGradients gradients;
    report.loss = rotated.loss_and_gradients(optimizer.rotations(), tokens, gradients);
    check_spinquant_loss(step, report.loss);
    report.r1_step_size = optimizer.step(report.learning_rate, gradients);
    rotated.rotate(optimizer.rotations());
    result.history.push_back(report);
    if (observer) observer(report);
  }
  result.learned_loss = rotated.mean_loss(samples, batch);
  result.rotations = optimizer.rotations();
  result.defect = largest_defect(result.rotations);
  return result;
}

// Merges what was learned into a folded, unrotated network, which computes the same function
// afterwards if nothing is quantized.
template <Backend B>
void merge_learned(B& backend, const SpinQuantResult& result, Network<B>& network) {
  merge_rotations(backend, result.rotations, network.parameters);
}

}  // namespace trainer
