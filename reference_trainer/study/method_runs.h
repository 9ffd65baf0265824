// Every method as a function from a start to a network that can be evaluated.
#pragma once

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "reference_trainer/baselines/gptq.h"
#include "reference_trainer/baselines/llm_qat.h"
#include "reference_trainer/baselines/lora_training.h"
#include "reference_trainer/baselines/spinquant.h"
#include "reference_trainer/roste/round_to_nearest.h"
#include "reference_trainer/study/method_run.h"
#include "reference_trainer/train/algorithm1.h"
#include "reference_trainer/train/objective_trace.h"

namespace trainer {

// A folded, unrotated network of the weights that the method starts from.
template <Backend B>
Network<B> plain_network(MethodRun<B>& run) {
  return network_of(run.backend, run.start, run.from, {}, run.shared(kNowhere));
}

// Trains under the plan of `network`, following eq. (12) where the plan quantizes.
template <Backend B>
void fine_tune(MethodRun<B>& run, Network<B>& network) {
  TrainingState<B> state(run.backend, network);
  TrainingJob<B> job{network, state};
  Watch<B> watch(run, network);
  job.observer = [&](const StepReport& report) { watch(report); };
  run_training(run.backend, run.settings.training, run.start.data.train, job);
  watch.finish(run.record);
}

template <Backend B>
Network<B> fine_tuned(MethodRun<B>& run) {
  Network<B> network = plain_network(run);
  fine_tune(run, network);
  return network;
}

// Quantized training under rotations that nothing chose, with Algorithm 1's signs, basis and gains:
// what differs from RoSTE is the choice alone.
template <Backend B>
Network<B> quantized_training(MethodRun<B>& run, unsigned rotations) {
  const Algorithm1Settings& algorithm = run.settings.algorithm1;
  RotationChoice choice = run.shared(rotations);
  choice.online_signs = algorithm.online_signs;
  Network<B> network = plain_network(run);
  apply_plan(run.backend, run.cell.quant, choice, algorithm.weights, network);
  network.plan.norm_gains = algorithm.norm_gains;
  fine_tune(run, network);
  return network;
}

// Algorithm 1, with what it decided in every round.
template <Backend B>
Network<B> roste(MethodRun<B>& run, SearchMode mode) {
  Network<B> network = network_of(run.backend, run.start, run.from, {}, run.shared(kNowhere));
  TrainingState<B> state(run.backend, network);
  TrainingJob<B> job{network, state};
  Watch<B> watch(run, network);
  job.observer = [&](const StepReport& report) { watch(report); };
  Algorithm1Settings settings = run.settings.algorithm1;
  settings.rounds = run.cell.rounds;
  settings.quant = run.cell.quant;
  settings.search.mode = mode;
  settings.rotation_seed = run.settings.rotation_seed;
  settings.first_round = FirstRound::kSearch;
  const Algorithm1Result result =
      run_algorithm1(run.backend, settings, run.settings.training,
                     {run.start.data.train, run.start.data.calibration}, job);
  for (const Algorithm1Round& round : result.rounds)
    run.record["rounds"].push_back(round_json(round));
  watch.finish(run.record);
  return network;
}

template <Backend B>
Network<B> gptq_network(MethodRun<B>& run, const RotationChoice& choice, Network<B> network) {
  const GptqReport report = gptq(run.backend, run.settings.gptq, run.cell.quant, choice,
                                 run.start.data.calibration, network);
  run.record["gptq"] = report_json(report);
  return network;
}

// R1 and R2 learned and merged, R3 and R4 online, weights rounded by GPTQ.
template <Backend B>
Network<B> spinquant(MethodRun<B>& run) {
  Network<B> network = plain_network(run);
  SpinQuantSettings settings = run.settings.spinquant;
  settings.seed = run.settings.rotation_seed;
  StageReporter reporter(run.reporting, run.stage(), settings.steps);
  const SpinQuantResult learned =
      learn_rotations<B>(run.backend, settings, run.cell.quant, run.start.data.calibration, network,
                         [&](const SpinQuantStep& s) {
                           reporter({s.step, s.loss, 0, s.learning_rate, 0});
                         });
  reporter.finish();
  merge_learned(run.backend, learned, network);
  run.record["spinquant"] = to_json(learned);
  return gptq_network(run, learned.online, std::move(network));
}

template <Backend B>
Network<B> llm_qat(MethodRun<B>& run) {
  const Network<B> teacher = plain_network(run);
  Network<B> student =
      network_of(run.backend, run.start, run.from, run.cell.quant, run.shared(kNowhere));
  TrainingState<B> state(run.backend, student);
  TrainingJob<B> job{student, state};
  const TrainSettings training = llm_qat_training(run.settings);
  StageReporter reporter(run.reporting, run.stage(), training.max_steps);
  job.observer = [&](const StepReport& report) { reporter(report); };
  const LlmQatReport report = train_llm_qat(
      run.backend, llm_qat_data(run.settings, run.start.plan.shape), training, teacher, job, {});
  reporter.finish();
  run.record["llm_qat"] = report_json(report);
  return student;
}

// Adapters trained at 16 bits beside a frozen base, merged, and the sum rounded to nearest.
template <Backend B>
Network<B> adapted(MethodRun<B>& run, const RotationChoice& choice) {
  Network<B> network = network_of(run.backend, run.start, run.from, {}, choice);
  attach_adapters(run.backend, adapter_settings(run.settings), network);
  LoraState<B> state(run.backend, network);
  LoraJob<B> job{network, state};
  const TrainSettings training = adapter_training(run.settings);
  StageReporter reporter(run.reporting, run.stage(), training.max_steps);
  job.observer = [&](const StepReport& report) { reporter(report); };
  train_lora(run.backend, training, run.start.data.train, job);
  reporter.finish();
  merge_adapters(run.backend, network);
  network.plan.quant = run.cell.quant;
  update_effective_weights(run.backend, network);
  return network;
}

// The method of the cell, from its start to a network under its plan.
template <Backend B>
Network<B> make_method(MethodRun<B>& run) {
  switch (run.cell.method) {
    case Method::kBase:
      return plain_network(run);
    case Method::kSft:
      return fine_tuned(run);
    case Method::kSte:
      return quantized_training(run, kNowhere);
    case Method::kComplete:
      return quantized_training(run, kEverywhere);
    case Method::kRoste:
      return roste(run, SearchMode::kShared);
    case Method::kRostePerLayer:
      return roste(run, SearchMode::kPerLayer);
    case Method::kRtn:
      return network_of(run.backend, run.start, run.from, run.cell.quant, run.shared(kNowhere));
    case Method::kQuarotRtn:
      return network_of(run.backend, run.start, run.from, run.cell.quant, run.shared(kEverywhere));
    case Method::kGptq:
      return gptq_network(run, run.shared(kNowhere), plain_network(run));
    case Method::kQuarotGptq:
      return gptq_network(run, run.shared(kEverywhere), plain_network(run));
    case Method::kSpinquant:
      return spinquant(run);
    case Method::kLlmQat:
      return llm_qat(run);
    case Method::kLora:
      return adapted(run, run.shared(kNowhere));
    case Method::kRolora:
      return adapted(run, run.shared(kRoloraRotations));
  }
  throw std::logic_error("a method without a body");
}

}  // namespace trainer
