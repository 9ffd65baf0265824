// How much memory a training takes, from sizes alone: said before it starts.
#pragma once

#include <string>

#include "reference_trainer/model/activations.h"
#include "reference_trainer/train/settings.h"

namespace trainer {

enum class Trained { kEverything, kAdapters };

struct TrainingLoad {
  ModelShape shape;
  QuantConfig quant;
  Keep keep = Keep::kEveryLayer;
  MomentBits moments = MomentBits::k32;
  ParamDType param_dtype = ParamDType::kFloat32;
  MasterWeights masters = MasterWeights::kFloat32;  // of bfloat16
  EffectiveForm effective = EffectiveForm::kStored;
  Trained trained = Trained::kEverything;
  std::int64_t copies = 1;        // of the weights: 2 with a teacher
  std::int64_t batch_tokens = 0;  // of the longest forward pass
};

// Bytes at the peak of a step. What an allocator and the program itself add is not part of it:
// some 20 MiB, and a few percent.
struct MemoryNeed {
  double weights = 0;    // what is trained, after folding and untying
  double masters = 0;    // of weights in bfloat16
  double effective = 0;  // rotated and quantized weights as values, and as codes; the tensors that
                         // are values for one layer at a time
  double gradients = 0;
  double moments = 0;
  double activations = 0;  // kept for the backward pass, and of the layer under way; logits

  double total() const { return weights + masters + effective + gradients + moments + activations; }
};

MemoryNeed training_memory(const TrainingLoad& load);

// What loading the model takes, without training: as float32.
MemoryNeed loading_memory(const ModelShape& shape);

// The same where linear layers are codes of `bits` bits and stay so: as files hold them, and
// arranged for products.
MemoryNeed loading_memory_of_codes(const ModelShape& shape, int bits);

// "12.3 GiB: weights 3.8, effective weights 3.6, ..."; parts of nothing are left out.
std::string memory_text(const MemoryNeed& need);

// "12.3 GiB"
std::string gibibytes(double bytes);

}  // namespace trainer
