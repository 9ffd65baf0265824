// The quantization error of a model as it runs: eq. (12) at the present weights and rotations, with
// every quantizer of the forward pass in force. Fig. 3 follows it during training.
#pragma once

#include <span>

#include "reference_trainer/roste/calibrate.h"

namespace trainer {

// Both scales of the objective at one moment; smaller is better.
struct ObjectiveValue {
  double absolute = 0;  // eq. (12): squared norms, per sample for activations
  double relative = 0;  // each term divided by the squared norm of its tensor
};

// A tap that adds up the error of each quantizer on what it is given.
template <Backend B>
class ErrorsInForce {
 public:
  ErrorsInForce(B& backend, const ForwardPlan& plan) : backend_(backend), plan_(plan) {
    for (std::size_t i = 0; i < static_cast<std::size_t>(plan.shape.layers); ++i) {
      for (const Site s : kSites)
        terms_.push_back({i, site_name(s), readers(plan.shape, s), {}, {}});
    }
  }

  void operator()(std::size_t layer, Site site, const Tensor<B>& x) {
    const QuantizerSettings& settings = plan_.quant.at(site);
    if (!settings.enabled()) return;
    ErrorTerm& term = terms_[layer * kSites.size() + static_cast<std::size_t>(site)];
    term.by_mask[0] += quantization_error(backend_, settings, group_size(plan_.shape, site), x);
  }

  // [layer][site], summed over samples.
  const std::vector<ErrorTerm>& sums() const { return terms_; }

 private:
  B& backend_;
  const ForwardPlan& plan_;
  std::vector<ErrorTerm> terms_;
};

// The terms of eq. (12) of a network under its own plan: activations as they reach their quantizers
// in the quantized forward pass, weights as they reach theirs. Terms depend on no mask: the plan's
// choice is in them. Reads the network only, so that training bits do not depend on it. Weights
// that are stored on their grid have no error.
template <Backend B>
ErrorTable measure_errors_in_force(B& backend, const Network<B>& network,
                                   std::span<const SftSample> samples) {
  const ForwardPlan& plan = network.plan;
  ErrorsInForce<B> sites(backend, plan);
  run_samples(backend, network, samples, kCalibrationBatch, sites);
  ErrorTable table{averaged(sites.sums(), samples.size()),
                   static_cast<std::int64_t>(samples.size())};
  if (!plan.quant.weight.enabled() || plan.weight_form == WeightForm::kEffective) return table;
  Tensor<B> w;
  for (std::size_t i = 0; i < network.parameters.layers.size(); ++i) {
    for (const Linear l : linears_of(plan.shape)) {
      copy(backend, network.parameters.layers[i].weight[l], w);
      rotate_weight(backend, unmerged_rotations(plan, i), l, w);
      const auto error = quantization_error(backend, plan.quant.weight, w.cols(), w);
      table.terms.push_back({i, std::string(linear_name(l)) + ".weight", 1, {}, {error}});
    }
  }
  return table;
}

template <Backend B>
ObjectiveValue measure_objective(B& backend, const Network<B>& network,
                                 std::span<const SftSample> samples) {
  const ErrorTable table = measure_errors_in_force(backend, network, samples);
  return {objective(table, RotationMask(), ErrorScale::kAbsolute),
          objective(table, RotationMask(), ErrorScale::kRelative)};
}

}  // namespace trainer
