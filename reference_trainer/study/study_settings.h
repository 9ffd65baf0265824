// Everything that decides the numbers of a study, besides its cells and its models.
#pragma once

#include <cstdint>
#include <vector>

#include "reference_trainer/baselines/gptq_weight.h"
#include "reference_trainer/baselines/lora.h"
#include "reference_trainer/baselines/spinquant.h"
#include "reference_trainer/eval/rouge.h"
#include "reference_trainer/eval/sample.h"
#include "reference_trainer/train/algorithm1.h"

namespace trainer {

// The grid of a sweep: every method is trained at every learning rate, quantized with every
// clipping factor, and keeps what is best on the validation samples (Table 5 of the paper). Empty
// lists: what `training` and the quantizers say.
struct SweepGrid {
  std::vector<double> learning_rates;  // peaks; methods that do not fine-tune ignore them
  std::vector<float> clip_ratios;      // c of weights, activations and cache
};

// LLM-QAT: text of the model's own, and the training on it.
struct LlmQatSettings {
  std::int64_t sequences = 1024;
  std::int64_t max_length = 128;  // tokens of a sequence
  double learning_rate = 2e-5;    // Liu et al. 2023; AdamW without decay and warm-up
};

// LoRA and RoLoRA: the adapters, and the training of them.
struct AdapterTraining {
  LoraSettings lora;
  double learning_rate = 1e-4;  // as RoLoRA's script; warm-up 0.01, cosine
};

struct StudySettings {
  TrainSettings training;  // of SFT, STE and RoSTE; the cell's seed is added to its seed
  SweepGrid grid;
  Algorithm1Settings algorithm1;  // its rounds, quantizers and search mode are the cell's
  GptqSettings gptq;
  SpinQuantSettings spinquant;
  LlmQatSettings llm_qat;
  AdapterTraining adapters;
  std::uint64_t rotation_seed = 0;           // the cell's seed is added
  std::int64_t max_new_tokens = 64;          // of a generation
  std::int64_t batch_size = 64;              // samples that are evaluated together
  Stemming rouge_stemmer = Stemming::kNone;  // of the words that ROUGE compares
  std::int64_t objective_points = 10;  // times eq. (12) is measured during a training; 0: never
};

}  // namespace trainer
