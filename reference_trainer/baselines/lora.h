// LoRA (Hu et al. 2022) and RoLoRA (Huang et al. 2024): a frozen base, rotated for RoLoRA, with
// trained low-rank adapters beside some of its linear layers.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "reference_trainer/roste/merge_rotations.h"

namespace trainer {

// The defaults are those of RoLoRA's and PEFT's scripts.
struct LoraSettings {
  std::int64_t rank = 16;  // r, at least 1
  double alpha = 16;       // the adapter's output is scaled by alpha / r
  std::vector<Linear> targets = {Linear::kQ, Linear::kV};
  std::uint64_t seed = 42;  // of the initial a
};

// The initial a [r, in] of a layer's adapter: uniform in +-1/sqrt(in), which is Kaiming's bound for
// a negative slope of sqrt(5), as PEFT has it.
std::vector<float> initial_adapter(const LoraSettings& settings, std::size_t layer, Linear l,
                                   std::int64_t in);

// Throws Error (kBadInput, AD-05) when a model of `shape` has none of the targets.
void require_targets(const LoraSettings& settings, const ModelShape& shape);

// Puts fresh adapters beside the targets that the network has: b is zero, so the network computes
// what it did. Throws as require_targets, and std::invalid_argument when the rank is below 1.
template <Backend B>
void attach_adapters(B& backend, const LoraSettings& settings, Network<B>& network) {
  if (settings.rank < 1) throw std::invalid_argument("adapters: expected a rank of at least 1");
  require_targets(settings, network.plan.shape);
  const auto& parameters = network.parameters.layers;
  Adapters<B> adapters;
  adapters.scale = settings.alpha / static_cast<double>(settings.rank);
  adapters.layers.resize(parameters.size());
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    for (const Linear l : settings.targets) {
      const Tensor<B>& w = parameters[i].weight[l];
      if (w.empty()) continue;
      Adapter<B>& adapter = adapters.layers[i][l];
      adapter.a.reshape(backend, settings.rank, w.cols());
      adapter.b.reshape(backend, w.rows(), settings.rank);
      copy_to_device<float>(backend, initial_adapter(settings, i, l, w.cols()), adapter.a);
      fill_zero(backend, adapter.b);
    }
  }
  network.adapters = std::move(adapters);
}

// A matrix of doubles, row by row.
struct WideMatrix {
  std::int64_t rows, cols;
  std::vector<double> values;
};

// scale * b a from b [out, r] and a [r, in], in double.
WideMatrix adapter_product(double scale, std::span<const float> b, std::span<const float> a,
                           std::int64_t rank);

// From the basis of the effective weight to that of the stored one, which lacks `rotations` (see
// effective_weights.h).
void unrotate(const LayerRotations& rotations, Linear l, WideMatrix& delta);

// w [out, in] += scale * b a, taken to the basis of the stored weights; in double, rounded once.
template <Backend B>
void merge_adapter(B& backend, const LayerRotations& rotations, Linear l, const LowRank<B>& weight,
                   double scale, Tensor<B>& w) {
  std::vector<float> a(static_cast<std::size_t>(weight.a.size()));
  std::vector<float> b(static_cast<std::size_t>(weight.b.size()));
  copy_to_host<float>(backend, weight.a, a);
  copy_to_host<float>(backend, weight.b, b);
  WideMatrix delta = adapter_product(scale, b, a, weight.a.rows());
  unrotate(rotations, l, delta);
  transform_in_double(backend, w, [&](DoubleMatrix wide) {
    for (std::size_t i = 0; i < delta.values.size(); ++i) wide.data[i] += delta.values[i];
  });
}

// Adds every adapter to its weight and removes it; the network computes the same function up to
// rounding while its weights are not quantized. Effective weights are recomputed. Throws
// std::invalid_argument for weights stored in effective form: their grid has no room for a sum.
template <Backend B>
void merge_adapters(B& backend, Network<B>& network) {
  if (network.plan.weight_form == WeightForm::kEffective)
    throw std::invalid_argument("adapters cannot be merged into weights stored as quantized");
  const Adapters<B> adapters = std::move(network.adapters);
  network.adapters = {};
  for (std::size_t i = 0; i < adapters.layers.size(); ++i) {
    for (const Linear l : kLinears) {
      const Adapter<B>* adapter = adapters.find(i, l);
      if (adapter == nullptr) continue;
      merge_adapter(backend, unmerged_rotations(network.plan, i), l, adapters.weight(*adapter),
                    adapters.scale, network.parameters.layers[i].weight[l]);
    }
  }
  update_effective_weights(backend, network);
}

}  // namespace trainer
