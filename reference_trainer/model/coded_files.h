// Quantized weights in files, as codes: for each linear layer NAME.weight_codes, .weight_scale and
// .weight_zero in place of NAME.weight (docs/formats.md, "Weights as codes").
#pragma once

#include <string>
#include <vector>

#include "reference_trainer/io/model_directory.h"
#include "reference_trainer/model/network.h"

namespace trainer {

// How the weights of quantized linear layers are written.
enum class WeightsFormat { kCodes, kValues };

// What multiplies quantized weights that are stored as codes.
enum class Engine {
  kAuto,   // integers where there are codes that can be multiplied, else floats
  kInt,    // the codes themselves
  kFloat,  // the values they stand for
};

// Tensors of linear layers that are stored as codes, ready to be written.
class CodedTensors {
 public:
  // The three tensors of one linear layer; name is without ".weight". `packed` must outlive the
  // views. The one place that says how a linear layer is stored.
  void append(const std::string& name, const PackedWeight& packed);

  const std::vector<TensorView>& views() const { return views_; }

 private:
  std::vector<std::vector<float>> scales_;
  std::vector<std::vector<std::int32_t>> zeros_;
  std::vector<TensorView> views_;
};

// What a file must hold for a linear layer [out, in].
std::vector<ExpectedTensor> expected_coded_tensors(const std::string& name,
                                                   const QuantizerSettings& settings,
                                                   const LinearShape& shape);

// The codes of one linear layer; the tensors must have passed check_tensor_list. Throws Error ST-26
// for a scale that is not finite and positive, a zero point that no quantizer of these settings
// gives, and bits behind the last code of a row.
PackedWeight read_coded_tensors(const WeightFiles& files, const std::string& name,
                                const QuantizerSettings& settings, const LinearShape& shape);

// All tensors of a model whose quantized weights are codes.
std::vector<ExpectedTensor> expected_coded_model(const ForwardPlan& plan);

// "model.layers.0.self_attn.q_proj"
std::string linear_path(std::size_t layer, Linear l);

// What `engine` comes to for a model of this plan: kInt or kFloat. Throws Error QN-32 where kInt is
// asked of a model without codes, or with codes that cannot be multiplied; `directory` is for the
// message.
Engine choose_engine(Engine engine, const ForwardPlan& plan,
                     const std::filesystem::path& directory);

}  // namespace trainer
