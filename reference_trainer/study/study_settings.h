// Everything that decides the numbers of a study, besides its cells and its models.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <vector>

#include "reference_trainer/train/settings.h"

namespace trainer {

// The grid of a sweep: every method is trained at every learning rate, quantized with every
// clipping factor, and keeps what is best on the validation samples. One value each: no sweep.
struct SweepGrid {
  std::vector<double> learning_rates;  // peaks; methods that do not fine-tune ignore them
  std::vector<float> clip_ratios;      // c of weights, activations and cache; see Table 5
};

struct StudySettings {
  TrainSettings training;            // of SFT, STE and RoSTE; the cell's seed is added to its seed
  SweepGrid grid;                    // empty lists: what `training` and the quantizers say
  std::uint64_t rotation_seed = 0;   // the cell's seed is added
  std::int64_t max_new_tokens = 64;  // of a generation
  std::int64_t batch_size = 64;      // samples that are evaluated together
  std::int64_t objective_points = 10;  // times eq. (12) is measured during a training; 0: never
};

}  // namespace trainer
