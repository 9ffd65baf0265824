// Everything that decides what a training run computes. Two runs with equal settings, data and
// model give the same bits.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string_view>

#include "reference_trainer/data/batch_plan.h"

namespace trainer {

enum class MomentBits { k32, k8 };  // of Adam's moments

enum class ParamDType { kFloat32, kBFloat16 };  // of the parameters that are trained and read
// What an optimizer of bfloat16 parameters updates: a copy in float32, whose nearest values they
// are, or they themselves, rounded stochastically.
enum class MasterWeights { kFloat32, kNone };

enum class Schedule { kCosine, kLinear, kConstant };

// The words for them, in flags, recipes and checkpoints; indexed by the enumerators.
inline constexpr std::array<std::string_view, 3> kScheduleNames = {"cosine", "linear", "constant"};
constexpr std::string_view name_of(Schedule schedule) {
  return kScheduleNames[static_cast<std::size_t>(schedule)];
}

struct TrainSettings {
  double learning_rate = 2e-5;  // peak
  Schedule schedule = Schedule::kCosine;
  double warmup_ratio = 0;  // share of max_steps
  double weight_decay = 0;  // on matrices only
  double adam_beta1 = 0.9, adam_beta2 = 0.999, adam_epsilon = 1e-8;
  double max_grad_norm = 1;       // 0: no clipping
  std::int64_t micro_batch = 8;   // sequences per forward pass
  std::int64_t accumulation = 1;  // forward passes per optimizer step
  std::int64_t max_steps = 1000;  // optimizer steps
  std::uint64_t seed = 42;        // order of the samples
  Batching batching = Batching::kShuffled;
  std::int64_t pack_length = 0;  // tokens of a pack; only where packed
};

// What a resumed run must have in common with the one it continues.
nlohmann::json to_json(const TrainSettings& settings);

// How the samples become batches.
BatchSettings batch_settings(const TrainSettings& settings);

// Learning rate of optimizer step `step` (from 0): linear warm-up to the peak, which the last
// warm-up step reaches, then down to 0 at max_steps.
double learning_rate_at(const TrainSettings& settings, std::int64_t step);

}  // namespace trainer
