#include "reference_trainer/baselines/gptq.h"

#include "reference_trainer/base/error.h"

namespace trainer {

void check_calibration(std::span<const SftSample> samples) {
  if (!samples.empty()) return;
  throw_bad_input({"QN-31", "calibration data", "no sample", "at least one",
                   "GPTQ needs text that the model reads: 128 samples are usual"});
}

}  // namespace trainer
