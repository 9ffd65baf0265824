// The golden files that tests/oracle/*.py wrote, and comparisons against them.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "reference_trainer/io/safetensors.h"
#include "reference_trainer/model/batch_input.h"
#include "reference_trainer/model/model_files.h"
#include "reference_trainer/model/transformer.h"
#include "tests/model/tiny_model.h"

namespace trainer::test {

inline std::filesystem::path golden_directory() {
  return std::filesystem::path(ROSTE_SOURCE_DIR) / "tests/golden";
}

// Tensors of one golden file by name.
class Golden {
 public:
  explicit Golden(const std::filesystem::path& file) : file_(SafetensorsFile::open(file)) {}

  bool contains(const std::string& name) const { return file_.tensors().contains(name); }
  std::vector<float> floats(const std::string& name) const {
    std::vector<float> values(elements(name));
    file_.read_floats(name, values);
    return values;
  }
  std::vector<std::int32_t> int32s(const std::string& name) const {
    return raw<std::int32_t>(name);
  }
  std::vector<std::uint8_t> bytes(const std::string& name) const { return raw<std::uint8_t>(name); }
  std::int64_t rows(const std::string& name) const { return file_.tensors().at(name).shape.at(0); }
  std::int64_t cols(const std::string& name) const { return file_.tensors().at(name).shape.back(); }

 private:
  std::size_t elements(const std::string& name) const {
    return static_cast<std::size_t>(file_.tensors().at(name).elements());
  }
  template <class T>
  std::vector<T> raw(const std::string& name) const {
    std::vector<T> values(elements(name));
    file_.read_bytes(name, std::as_writable_bytes(std::span(values)));
    return values;
  }
  SafetensorsFile file_;
};

// A [rows, cols] tensor of a golden file.
inline Tensor<Cpu> golden_tensor(Cpu& cpu, const Golden& golden, const std::string& name) {
  Tensor<Cpu> t(cpu, golden.rows(name), golden.cols(name));
  const std::vector<float> host = golden.floats(name);
  copy_to_device<float>(cpu, host, t);
  return t;
}

// The golden's sequences, all of one length, laid end to end as our batches are.
struct GoldenInput {
  ModelInput<Cpu> input;
  Indices<Cpu> targets;
  std::int64_t target_count = 0;

  GoldenInput(Cpu& cpu, const Golden& golden) {
    const std::int64_t sequences = golden.rows("tokens"), length = golden.cols("tokens");
    TokenBatch batch{golden.int32s("tokens"), {}, golden.int32s("targets"), {0}, 0};
    for (std::int64_t s = 0; s < sequences; ++s) {
      for (std::int64_t t = 0; t < length; ++t)
        batch.positions.push_back(static_cast<std::int32_t>(t));
      batch.begin.push_back((s + 1) * length);
    }
    for (const std::int32_t t : batch.targets) target_count += t >= 0;
    load_batch(cpu, batch, input);
    load_indices(cpu, batch.targets, targets);
  }
};

// Forward and backward of the mean loss over targets; gradients of the master weights.
struct GoldenRun {
  std::vector<float> logits;
  double loss = 0;
  Parameters<Cpu> gradients;

  template <class Tap>
  GoldenRun(Cpu& cpu, const Network<Cpu>& network, GoldenInput& in, Tap& tap)
      : gradients(allocate_parameters(cpu, network.plan.shape)) {
    fill_zero(cpu, gradients);
    Activations<Cpu> acts(network.plan.shape, Keep::kEveryLayer);
    OwnKeys memory;
    ForwardPass<Cpu, OwnKeys, Tap> pass{cpu, network, in.input, acts, memory, tap};
    transformer_forward(pass);
    Tensor<Cpu> out;
    lm_head_forward(cpu, acts.final_hidden, network.parameters.lm_head(), out);
    logits = values(out);
    TransformerScratch<Cpu> scratch;
    const auto n = static_cast<double>(in.target_count);
    const LossSum sum = transformer_backward(cpu, network, in.input, in.targets,
                                             static_cast<float>(1 / n), {acts, scratch, gradients});
    loss = sum.negative_log_likelihood / n;
    pull_back_gradients(cpu, network.plan, gradients);
  }
};

}  // namespace trainer::test
