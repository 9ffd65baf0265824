// What a study will cost, said before it starts.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "reference_trainer/io/model_shape.h"
#include "reference_trainer/study/cells.h"

namespace trainer {

// Sizes on which time and memory depend.
struct Workload {
  std::int64_t training_steps = 0;     // of one fine-tuning
  std::int64_t pretraining_steps = 0;  // of a base model, in steps of fine-tuning; 0: it is there
  std::int64_t batch_tokens = 0;       // of one forward pass
  std::int64_t calibration_batches = 0, evaluation_batches = 0;
  double seconds_per_step = 0;   // measured, of fine-tuning
  double spinquant_steps = 100;  // of fine-tuning that take as long as its own
};

struct Cost {
  double seconds = 0;
  double bytes = 0;  // at the peak
};

// Steps of fine-tuning that take as long as the cell: training and evaluation. Measured ratios.
double steps_of(const Cell& cell, const Workload& work);

// All of `runs`, a cell as often as it occurs, and as many base models.
Cost cost_of(const std::vector<Cell>& runs, std::size_t base_models, const ModelShape& shape,
             const Workload& work);

// "about 2 h 10 min, 350 MB of memory"
std::string cost_text(const Cost& cost);

}  // namespace trainer
