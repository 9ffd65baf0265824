#include "reference_trainer/stream/streamed_model.h"

#include "reference_trainer/io/rounded.h"
#include "reference_trainer/roste/fold_norms.h"

namespace trainer {
namespace {

// The tensor of the source that `name` of the folded model is made of, or stands beside.
std::string origin_of(const StreamedModel& model, const std::string& name) {
  const auto stored = [&](const std::string& ours) {
    return file_place(model.shape(), ours).tensor;
  };
  if (name == "lm_head.weight" && model.shape().tied_embeddings)
    return stored("model.embed_tokens.weight");
  if (model.files.contains(stored(name)) || !name.ends_with(".bias")) return stored(name);
  return origin_of(model, name.substr(0, name.size() - 4) + "weight");  // a bias by folding
}

}  // namespace

ForwardPlan read_plan(const std::filesystem::path& directory) {
  return plan_from_json(read_model_shape(directory), read_roste_json(directory),
                        directory / "roste.json");
}

StreamedModel open_streamed(const std::filesystem::path& directory, NonFinite policy) {
  ForwardPlan plan = read_plan(directory);
  WeightFiles files = WeightFiles::open(directory);
  check_tensor_list(files, expected_tensors(plan.shape), ignorable_tensors(plan.shape));
  return {std::move(files), std::move(plan), policy};
}

ModelShape folded_shape(const ModelShape& shape) {
  ModelShape folded = shape;
  folded.tied_embeddings = false;
  if (shape.norm == NormKind::kLayerNorm) become_rms_norm(folded);
  return folded;
}

std::int64_t parameter_count(const ModelShape& shape) {
  std::int64_t count = 0;
  for (const ExpectedTensor& e : expected_tensors(shape))
    count += static_cast<std::int64_t>(element_count(e.shape));
  return count;
}

DType stored_type(const StreamedModel& model, const StreamTarget& target, const std::string& name) {
  return target.dtype ? *target.dtype : model.files.info(origin_of(model, name)).dtype;
}

std::vector<PlannedTensor> planned_tensors(const StreamedModel& model, const StreamTarget& target) {
  Parameters<NoMemory> layout = parameter_layout(target.plan.shape);
  std::vector<PlannedTensor> planned;
  for (const auto& t : tensor_list(layout)) {
    const DType dtype = stored_type(model, target, t.name);
    if (t.kind != TensorKind::kLinearWeight) {
      planned.push_back({t.name, dtype, t.shape()});
      continue;
    }
    const LinearShape shape{t.tensor->rows(), t.tensor->cols(), false};
    for (PlannedTensor& part : target.form.tensors(t.name, shape, dtype))
      planned.push_back(std::move(part));
  }
  return planned;
}

DType coarsest_type(std::span<const PlannedTensor> tensors) {
  DType coarsest = DType::kF32;
  for (const PlannedTensor& t : tensors) {
    const bool is_float = t.dtype == DType::kF16 || t.dtype == DType::kBF16;
    if (is_float && unit_roundoff(t.dtype) > unit_roundoff(coarsest)) coarsest = t.dtype;
  }
  return coarsest;
}

bool changes_values(const StreamedModel& model, const StreamTarget& target) {
  const QuantConfig& quant = target.plan.quant;
  const bool quantizes = quant.weight.enabled() || quant.activation.enabled() || quant.kv.enabled();
  return quantizes || coarsest_type(planned_tensors(model, target)) != DType::kF32;
}

}  // namespace trainer
