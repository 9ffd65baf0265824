// Algorithm 1 of the paper: K rounds, each of which chooses rotations at the present weights (line
// 5, eq. 9) and then trains T steps through the straight-through estimator (lines 6-9, eq. 10).
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "reference_trainer/roste/calibrate.h"
#include "reference_trainer/roste/search_json.h"
#include "reference_trainer/train/change_rotations.h"
#include "reference_trainer/train/training_run.h"

namespace trainer {

// Where the rotations of the round that the run starts in come from.
enum class FirstRound {
  kSearch,   // the network is folded and plain: search, then put it under the plan
  kInForce,  // the network is under its plan already: --rotations, or a checkpoint's
};

struct Algorithm1Settings {
  std::int64_t rounds = 1;  // K; T is a K-th of max_steps
  QuantConfig quant;
  SearchSettings search;
  std::uint64_t rotation_seed = 0;
  OnlineSigns online_signs = OnlineSigns::kRandom;
  MomentPolicy moments = MomentPolicy::kReset;
  WeightForm weights = WeightForm::kMaster;   // or kMerged
  NormGains norm_gains = NormGains::kFolded;  // or kFoldedTrained
  FirstRound first_round = FirstRound::kSearch;
};

// Samples to train on, and those drawn once for eq. (12) in every round (n = 128 in App. C).
struct Algorithm1Data {
  SampleView training;
  std::span<const SftSample> calibration;
};

struct Algorithm1Round {
  std::int64_t index = 0;       // from 0
  std::int64_t first_step = 0;  // of those that ran here
  RotationChoice choice;
  ErrorTable table;     // empty where nothing was searched; then search, before and after too
  SearchResult search;  // what the search preferred
  double before = 0;    // the objective at the round's first weights, under the last choice
  double after = 0;     // the same under `choice`; smaller or equal
  std::vector<double> losses;  // of each step
};

struct Algorithm1Result {
  std::vector<Algorithm1Round> rounds;  // those that ran here: a resumed run has the last ones
};

// Called when a round's rotations have been decided, before its first step; may be empty.
using RoundObserver = std::function<void(const Algorithm1Round&)>;

// First step of round k = 0 ... rounds: all rounds have max_steps / rounds steps, rounded so that
// they sum to max_steps.
std::int64_t first_step_of_round(std::int64_t k, std::int64_t rounds, std::int64_t max_steps);

// Throws Error (TR-02) unless 1 <= rounds <= max_steps.
void check_rounds(std::int64_t rounds, std::int64_t max_steps);

// The choice of one round at the present weights, among the matrices that round.choice names. It
// differs from the present one only if that makes the objective smaller: a change of basis has its
// cost.
template <Backend B>
void decide_round(B& backend, const Algorithm1Settings& settings,
                  std::span<const SftSample> calibration, Network<B>& network,
                  Algorithm1Round& round) {
  const Network<B> plain = unrotated_copy(backend, network);
  const RotationMatrices matrices =
      make_rotation_matrices(plain.plan.shape, round.choice.seed, round.choice.online_signs);
  round.table = measure_errors(backend, plain, settings.quant, matrices, calibration);
  const std::vector<RotationMask>& present = network.plan.choice.layers;
  round.search = choose_rotations(round.table, present.size(), settings.search);
  round.before = objective(round.table, present, settings.search.objective);
  round.choice.layers = round.search.after < round.before ? round.search.layers : present;
  round.after = objective(round.table, round.choice.layers, settings.search.objective);
}

// Line 5 for a job at its step job.first_step. The choice goes into the settings of checkpoints.
template <Backend B, class State>
void begin_round(B& backend, const Algorithm1Settings& settings,
                 std::span<const SftSample> calibration, TrainingJob<B, State>& job,
                 Algorithm1Round& round) {
  Network<B>& network = job.network;
  if (job.first_step == 0) round.choice = {{}, settings.rotation_seed, settings.online_signs};
  decide_round(backend, settings, calibration, network, round);
  if (job.first_step == 0) {
    apply_plan(backend, settings.quant, round.choice, settings.weights, network);
    network.plan.norm_gains = settings.norm_gains;
  } else if (round.choice.layers != network.plan.choice.layers) {
    change_rotations(backend, round.choice, settings.moments, job.first_step, network, job.state);
  }
  job.checkpoints.settings["rotation"] = to_json(round.choice);
}

// The inner loop, with the losses of its steps. job.first_step moves to the end of the round.
template <Backend B, class State>
void run_round(B& backend, const TrainSettings& training, const SampleView& samples,
               std::int64_t end, TrainingJob<B, State>& job, Algorithm1Round& round) {
  const StepObserver outer = job.observer;
  job.observer = [&](const StepReport& report) {
    round.losses.push_back(report.loss);
    if (outer) outer(report);
  };
  run_steps(backend, training, samples, end, job);
  job.observer = outer;
  job.first_step = end;
}

// Runs the rounds from job.first_step on. One learning-rate schedule covers all steps. With one
// round this is bit for bit the search, apply_plan and run_training. A run that was restored from a
// checkpoint (first_round kInForce) goes on bit for bit: at the first step of a later round it
// searches again what the interrupted run was about to search. Throws as check_rounds and
// train_step.
template <Backend B, class State>
Algorithm1Result run_algorithm1(B& backend, const Algorithm1Settings& settings,
                                const TrainSettings& training, const Algorithm1Data& data,
                                TrainingJob<B, State>& job, const RoundObserver& observer = {}) {
  check_rounds(settings.rounds, training.max_steps);
  Algorithm1Result result;
  for (std::int64_t k = 0; k < settings.rounds; ++k) {
    const std::int64_t begin = first_step_of_round(k, settings.rounds, training.max_steps);
    const std::int64_t end = first_step_of_round(k + 1, settings.rounds, training.max_steps);
    if (job.first_step >= end) continue;
    Algorithm1Round& round = result.rounds.emplace_back();
    round.index = k;
    round.first_step = job.first_step;
    round.choice = job.network.plan.choice;
    const bool searches = k > 0 || settings.first_round == FirstRound::kSearch;
    if (job.first_step == begin && searches)
      begin_round(backend, settings, data.calibration, job, round);
    if (observer) observer(round);
    run_round(backend, training, data.training, end, job, round);
  }
  return result;
}

}  // namespace trainer
