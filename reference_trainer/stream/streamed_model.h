// A checkpoint whose values stay in its files, and what is to become of it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <vector>

#include "reference_trainer/model/model_files.h"
#include "reference_trainer/stream/linear_form.h"
#include "reference_trainer/stream/wide_weight.h"

namespace trainer {

struct StreamedModel {
  WeightFiles files;
  ForwardPlan plan;  // of roste.json, or plain
  NonFinite policy = NonFinite::kReject;

  const ModelShape& shape() const { return plan.shape; }
};

// The plan of roste.json, or the plain one.
ForwardPlan read_plan(const std::filesystem::path& directory);

// Opens and checks all files as load_network does, and reads no values.
StreamedModel open_streamed(const std::filesystem::path& directory, NonFinite policy);

// The shape after folding (App. D): untied, and with RMSNorm.
ModelShape folded_shape(const ModelShape& shape);

// Weights, biases and gains of a shape.
std::int64_t parameter_count(const ModelShape& shape);

// How the folded model is stored.
struct StreamTarget {
  ForwardPlan plan;            // of the files that are written; its shape is folded_shape()
  ModelTurns turns;            // that are merged into the weights
  LinearForm form;             // of the linear layers
  std::optional<DType> dtype;  // of floats; absent: that of the tensor they come from
  std::uint64_t max_shard_bytes = kDefaultShardBytes;
  std::int64_t block_values = 1 << 22;  // of embedding and head that are in memory at a time
};

// The type of the tensor called `name` in the folded model.
DType stored_type(const StreamedModel& model, const StreamTarget& target, const std::string& name);

// All tensors of the folded model, in the order in which they are written.
std::vector<PlannedTensor> planned_tensors(const StreamedModel& model, const StreamTarget& target);

// The float type of the tensors with the largest unit_roundoff.
DType coarsest_type(std::span<const PlannedTensor> tensors);

// Whether a reader of the files multiplies other values than the turned weights in float32.
bool changes_values(const StreamedModel& model, const StreamTarget& target);

}  // namespace trainer
