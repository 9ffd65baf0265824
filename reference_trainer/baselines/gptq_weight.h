// GPTQ on one linear layer: weights rounded column by column, each error made up for in the columns
// that are still to come.
#pragma once

#include <cstdint>
#include <vector>

#include "reference_trainer/baselines/gptq_feedback.h"
#include "reference_trainer/baselines/weight_clip.h"

namespace trainer {

// Which inputs the Hessians are made of.
enum class HessianInputs {
  kAsMultiplied,  // quantized where the plan quantizes activations and the cache
  kUnquantized,   // no quantizer but those of the weights, as QuaRot and SpinQuant calibrate
};

struct GptqSettings {
  double damping = 0.01;  // > 0; share of the mean diagonal added to H (Frantar et al., 3.3)
  std::int64_t block_size = 128;  // columns; changes the speed, and the codes by rounding only
  ColumnOrder column_order = ColumnOrder::kNatural;
  WeightClip clip = WeightClip::kNone;
  HessianInputs inputs = HessianInputs::kAsMultiplied;
};

// One quantized weight.
struct GptqWeight {
  std::vector<std::int16_t> codes;         // [out, in]
  std::vector<roste::GroupParams> params;  // [out], fitted to the original rows
  std::vector<float> values;               // [out, in], what the codes stand for
};

// weight [out, in] on its grid. Codes are those of `encode` (roste/core/grid.h) for the updated
// values; the weights of dead columns become zero first, as upstream has it. The same bits for any
// number of threads. Throws std::invalid_argument for bits other than 2 ... 8, a block size below 1
// and unequal dimensions, std::domain_error for a weight that is not finite.
GptqWeight gptq_weight(ThreadPool& pool, const GptqSettings& settings,
                       const QuantizerSettings& quantizer, const ErrorFeedback& feedback,
                       roste::cpu::MatrixView<const float> weight);

}  // namespace trainer
