// All state of a model: what is trained, how it is quantized and rotated, and the weights that the
// forward pass really multiplies by.
#pragma once

#include <array>
#include <string_view>
#include <vector>

#include "reference_trainer/model/adapters.h"
#include "reference_trainer/model/parameters.h"
#include "reference_trainer/model/rotations.h"
#include "reference_trainer/model/sites.h"
#include "reference_trainer/ops/coded_matmul.h"
#include "reference_trainer/ops/packed_weight.h"

namespace trainer {

// What the stored weights are.
enum class WeightForm {
  kMaster,     // full precision, unrotated for R2 and R4; rotated and quantized before each forward
  kMerged,     // full precision, R2 and R4 merged; quantized before each forward. Adam is not
               // rotation-equivariant: training these is another trainer
  kEffective,  // already rotated and on the quantizer's grid: values
  kCodes,      // the same as codes, and nothing else: quantized linear layers have no parameters
};

// The words of --train_basis; indexed by kMaster and kMerged.
inline constexpr std::array<std::string_view, 2> kTrainBasisNames = {"unrotated", "merged"};

enum class NormGains {
  kSeparate,       // as in the checkpoint; trained
  kFolded,         // absorbed into the next weights (App. D): all ones, and frozen
  kFoldedTrained,  // absorbed, then trained from ones: one gain for each channel of the stream as
                   // merged. Under R1 that is another parametrisation than the checkpoint's
};

// How effective weights wait for the products of a step. Both give the same bits.
enum class EffectiveForm {
  kStored,  // as values, next to their codes where the plan multiplies codes: the fastest
  kCodes,   // as codes alone; values are made for one linear layer at a time, and so are rotated
            // weights of full precision, which have no codes
};

// [layers]
using PackedWeights = std::vector<PerLinear<PackedWeight>>;

struct ForwardPlan {
  ModelShape shape;
  QuantConfig quant;
  RotationChoice choice;                  // what was decided, R1 included
  std::vector<LayerRotations> rotations;  // [layers] what acts inside the forward pass
  WeightForm weight_form = WeightForm::kMaster;
  NormGains norm_gains = NormGains::kSeparate;

  const LayerRotations& at(std::size_t layer) const { return rotations[layer]; }
  // Effective weights are values whose codes are not known.
  bool multiplies_codes() const {
    return weight_form != WeightForm::kEffective &&
           trainer::multiplies_codes(quant.activation, quant.weight);
  }
};

// The plan that applies `choice` (whose R1 must already be merged into the weights) and `quant`.
inline ForwardPlan make_plan(const ModelShape& shape, const QuantConfig& quant,
                             const RotationChoice& choice) {
  return {shape,
          quant,
          choice,
          in_block_rotations(shape, choice),
          WeightForm::kMaster,
          NormGains::kSeparate};
}

// A plan without quantizers and rotations.
inline ForwardPlan plain_plan(const ModelShape& shape) {
  return make_plan(shape, {}, RotationChoice::shared(RotationMask(), shape, 0));
}

// W of eq. (5): Q_w(R^T W). A tensor is empty where the parameter itself is used.
template <Backend B>
struct EffectiveLayer {
  PerLinear<Tensor<B>> weight;      // [out, in]; with EffectiveForm::kCodes empty
  PerLinear<CodedWeight<B>> coded;  // the same as codes, where the plan multiplies codes
  PerLinear<PackedWeight> packed;   // as codes where it does not; with EffectiveForm::kCodes only
  Tensor<B> value_bias;             // [1, kv_width], rotated by R2
};

template <Backend B>
struct Network {
  ForwardPlan plan;
  Parameters<B> parameters;
  std::vector<EffectiveLayer<B>> effective;
  Adapters<B> adapters;  // none, unless attached
  // What effective weights are codes of, as files hold them; none where that is not known.
  PackedWeights packed;
  EffectiveForm effective_form = EffectiveForm::kStored;
  // The parameters where they are bfloat16; `parameters` then has their vectors alone, widened.
  // Filled and emptied by narrow_parameters.h.
  Parameters<B, std::uint16_t> narrow;

  bool is_narrow() const { return !narrow.embedding.empty(); }

  // The effective weight where it lies. Codes and bfloat16 lie nowhere as values: see
  // effective_weight().
  const Tensor<B>& weight(std::size_t layer, Linear l) const {
    const Tensor<B>& w = effective[layer].weight[l];
    return w.empty() ? parameters.layers[layer].weight[l] : w;
  }
  const Tensor<B>& bias(std::size_t layer, Linear l) const {
    const bool rotated = l == Linear::kV && !effective[layer].value_bias.empty();
    return rotated ? effective[layer].value_bias : parameters.layers[layer].bias[l];
  }
};

template <Backend B>
Network<B> make_network(B& backend, ForwardPlan plan) {
  Network<B> network;
  network.parameters = allocate_parameters(backend, plan.shape);
  network.effective.resize(static_cast<std::size_t>(plan.shape.layers));
  network.plan = std::move(plan);
  return network;
}

}  // namespace trainer
