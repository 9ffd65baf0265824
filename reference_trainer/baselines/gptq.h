// GPTQ (Frantar et al. 2022) on a whole network: with rotations this is QuaRot-GPTQ. Layer by
// layer, and inside a block in the order q, k, v -> o -> gate, up -> down, so that every Hessian is
// that of inputs which the layers before it, already quantized, produce.
#pragma once

#include <span>
#include <string>
#include <utility>
#include <vector>

#include "reference_trainer/base/stop_request.h"
#include "reference_trainer/baselines/gptq_calibration.h"
#include "reference_trainer/baselines/gptq_weight.h"

namespace trainer {

// What became of one linear layer. Errors are tr((W - Q) H (W - Q)^T) with H before damping: the
// mean squared error of its outputs, times two.
struct GptqLinearReport {
  std::size_t layer;
  Linear linear;
  double gptq_error;
  double rtn_error;  // of rounding to nearest on the same grid, under the same H
  double damping;    // share of H's mean diagonal that it took
};

struct GptqReport {
  std::vector<GptqLinearReport> linears;  // in the order in which they were quantized
};

constexpr Site input_site(Linear l) {
  switch (l) {
    case Linear::kO:
      return Site::kOInput;
    case Linear::kGate:
    case Linear::kUp:
      return Site::kGateUpInput;
    case Linear::kDown:
      return Site::kDownInput;
    default:
      return Site::kQkvInput;
  }
}

// Throws Error QN-31 where there is no sample.
void check_calibration(std::span<const SftSample> samples);

// One run of GPTQ over a network that is already rotated and whose plan quantizes no weight.
template <Backend B>
class GptqRun {
 public:
  GptqRun(B& backend, const GptqSettings& settings, const QuantizerSettings& quantizer,
          std::span<const SftSample> calibration, Network<B>& network)
      : backend_(backend),
        settings_(settings),
        quantizer_(quantizer),
        network_(network),
        stream_(backend, network, calibration) {
    network.packed = PackedWeights(network.effective.size());
  }

  // The next block, from the first on.
  void quantize_block(std::size_t i) {
    stop_if_requested();
    for (const Site site : kSites) {
      if (!is_kv_cache(site)) quantize_readers(i, site);
    }
    store_effective_layer(i, network_);
    stream_.advance(i);
  }

  GptqReport take_report() { return std::move(report_); }

 private:
  // The layers of block i that read `site`, under one Hessian.
  void quantize_readers(std::size_t i, Site site) {
    const Hessian hessian = stream_.hessian(i, site);
    const ErrorFeedback feedback =
        make_error_feedback("layer " + std::to_string(i) + " " + site_name(site), hessian,
                            settings_.column_order, settings_.damping);
    for (const Linear l : kLinears) {
      const bool exists = !network_.weight(i, l).empty();
      if (exists && input_site(l) == site) quantize_linear(i, l, hessian, feedback);
    }
  }

  void quantize_linear(std::size_t i, Linear l, const Hessian& hessian,
                       const ErrorFeedback& feedback) {
    const std::int64_t out = network_.weight(i, l).rows(), in = hessian.size;
    const std::vector<float> weight = host_weight(backend_, network_, i, l);
    const roste::cpu::MatrixView<const float> view(weight.data(), out, in);
    const GptqWeight result = gptq_weight(backend_.pool(), settings_, quantizer_, feedback, view);
    std::vector<float> nearest(weight.size());
    round_weight(quantizer_, result.params, view, {nearest.data(), out, in});
    const auto error = [&](const std::vector<float>& q) {
      return hessian_error(backend_.pool(), view, {q.data(), out, in}, hessian);
    };
    report_.linears.push_back({i, l, error(result.values), error(nearest), feedback.damping});
    network_.packed[i][l] = pack_codes(quantizer_, result.params, {result.codes.data(), out, in});
    set_effective_weight<B>(backend_, result.values, i, l, network_);
  }

  B& backend_;
  const GptqSettings& settings_;
  const QuantizerSettings& quantizer_;
  Network<B>& network_;
  CalibrationStream<B> stream_;
  GptqReport report_;
};

// The quantizers under which Hessians are gathered. Layers that are done hold quantized weights
// themselves.
inline QuantConfig calibration_quant(HessianInputs inputs, const QuantConfig& quant) {
  return inputs == HessianInputs::kUnquantized ? QuantConfig() : without_weight_quantizer(quant);
}

// A folded, unrotated network becomes the quantized model of `quant` and `choice`, its weights
// stored as they are multiplied. Where `quant` leaves weights alone, so does this. Throws Error
// QN-30 (a Hessian that no damping makes positive definite), QN-31 (no calibration sample), and as
// gptq_weight does.
template <Backend B>
GptqReport gptq(B& backend, const GptqSettings& settings, const QuantConfig& quant,
                const RotationChoice& choice, std::span<const SftSample> calibration,
                Network<B>& network) {
  check_calibration(calibration);
  apply_plan(backend, calibration_quant(settings.inputs, quant), choice, network);
  GptqReport report;
  if (quant.weight.enabled()) {
    GptqRun<B> run(backend, settings, quant.weight, calibration, network);
    for (std::size_t i = 0; i < network.parameters.layers.size(); ++i) run.quantize_block(i);
    report = run.take_report();
  }
  network.plan.quant = quant;
  store_effective_weights(network);
  return report;
}

}  // namespace trainer
