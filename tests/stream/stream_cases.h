// Tiny checkpoints on the disk, streamed to others.
#pragma once

#include "reference_trainer/io/rounded.h"
#include "reference_trainer/model/model_files.h"
#include "reference_trainer/stream/model_stream.h"
#include "tests/io/files.h"
#include "tests/model/tiny_model.h"

namespace trainer::test {

using testing::TemporaryDirectory;

// The model as a checkpoint of this type, rounded to it.
inline void write_checkpoint(const std::filesystem::path& directory, Network<Cpu>& network,
                             DType dtype) {
  Cpu cpu{1};
  const ModelShape& shape = network.plan.shape;
  const HostTensors host = stored_tensors(cpu, shape, network.parameters);
  std::vector<PlannedTensor> planned;
  for (const FloatTensorView& t : host.views) planned.push_back({t.name, dtype, t.shape});
  std::filesystem::create_directories(directory);
  ShardedWriter writer(directory, planned, kDefaultShardBytes);
  for (const FloatTensorView& t : host.views) {
    std::vector<std::byte> bytes(t.values.size() * dtype_size(dtype));
    round_values(dtype, std::vector<double>(t.values.begin(), t.values.end()), bytes);
    writer.append(bytes);
  }
  writer.finish();
  write_model_files(directory, {shape, nullptr, {}, {}, dtype});
}

// What a command asks of a stream.
struct StreamCase {
  RotationMask mask = RotationMask(0b1111u);
  WeightForm form = WeightForm::kMaster;  // kEffective: R2 and R4 are merged, too
  QuantConfig quant = {};
  std::optional<DType> dtype = {};
  int threads = 1;
  std::int64_t block_values = 200;  // a few rows of the tiny head
};

inline RotationChoice choice_of(const StreamCase& c, const ModelShape& shape) {
  return RotationChoice::shared(c.mask, shape, 5);
}

inline ForwardPlan plan_of(const StreamCase& c, const ModelShape& source) {
  ForwardPlan plan = make_plan(folded_shape(source), c.quant, choice_of(c, source));
  plan.norm_gains = NormGains::kFolded;
  plan.weight_form = c.form;
  return plan;
}

// From one directory to the other, which becomes a model directory.
inline StreamReport stream(const StreamCase& c, const std::filesystem::path& from,
                           const std::filesystem::path& to) {
  Cpu cpu{c.threads};
  const StreamedModel model = open_streamed(from, NonFinite::kReject);
  const ForwardPlan plan = plan_of(c, model.shape());
  const RotationChoice choice = choice_of(c, model.shape());
  const WeightForm form =
      c.form == WeightForm::kEffective ? WeightForm::kMerged : WeightForm::kMaster;
  StreamTarget target{plan,
                      {basis_change(plan.shape, form, choice.without_rotations(), choice), {}},
                      plain_form(),
                      c.dtype};
  if (c.quant.weight.enabled())
    target.form = rounded_form(cpu.pool(), c.quant.weight, WeightClip::kNone);
  target.block_values = c.block_values;
  std::filesystem::create_directories(to);
  RoundingWriter writer(cpu.pool(),
                        ShardedWriter(to, planned_tensors(model, target), kDefaultShardBytes),
                        [](std::uint64_t, std::uint64_t) {});
  StreamReport report = ModelStream<Cpu>(cpu, model, target, writer).run();
  write_model_files(to, {plan.shape, to_json(plan), {}, {}, DType::kF32});
  return report;
}

}  // namespace trainer::test
