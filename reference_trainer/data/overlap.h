// How many samples of one data set are in another: a test on what was learned flatters a model.
#pragma once

#include <cstdint>
#include <span>

#include "reference_trainer/data/sample_view.h"

namespace trainer {

// The number of `others` with the tokens of a sample of `train`. Of samples that are not in memory
// only those are read that are as long as one of `others`.
std::int64_t count_overlap(const SampleView& train, std::span<const SftSample> others);

}  // namespace trainer
