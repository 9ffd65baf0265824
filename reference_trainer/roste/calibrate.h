// Calibration: run samples through the full-precision model and measure every term of eq. (12).
#pragma once

#include <algorithm>
#include <span>

#include "reference_trainer/base/stop_request.h"
#include "reference_trainer/model/batch_input.h"
#include "reference_trainer/model/transformer.h"
#include "reference_trainer/roste/error_table.h"
#include "reference_trainer/roste/rotation_places.h"

namespace trainer {

inline QuantizationError& operator+=(QuantizationError& a, const QuantizationError& b) {
  a.squared_error += b.squared_error;
  a.squared_norm += b.squared_norm;
  a.values += b.values;
  return a;
}

// Terms averaged over n samples, as eq. (12) has it.
inline std::vector<ErrorTerm> averaged(std::vector<ErrorTerm> terms, std::size_t samples) {
  for (ErrorTerm& term : terms) {
    for (QuantizationError& e : term.by_mask) {
      e.squared_error /= static_cast<double>(samples);
      e.squared_norm /= static_cast<double>(samples);
      e.values /= static_cast<double>(samples);
    }
  }
  return terms;
}

// A tap that adds up the errors of every site, unrotated and rotated.
template <Backend B>
class SiteErrors {
 public:
  SiteErrors(B& backend, const ModelShape& shape, const QuantConfig& quant,
             const RotationMatrices& matrices)
      : backend_(backend), shape_(shape), quant_(quant), matrices_(matrices) {
    for (std::size_t i = 0; i < static_cast<std::size_t>(shape.layers); ++i) {
      for (const Site s : kSites)
        terms_.push_back({i, site_name(s), readers(shape, s), only(rotation_of(s)), {}});
    }
  }

  void operator()(std::size_t layer, Site site, const Tensor<B>& x) {
    const QuantizerSettings& settings = quant_.at(site);
    if (!settings.enabled()) return;
    const std::int64_t group = group_size(shape_, site);
    ErrorTerm& term = terms_[layer * kSites.size() + static_cast<std::size_t>(site)];
    term.by_mask[0] += quantization_error(backend_, settings, group, x);
    copy(backend_, x, rotated_);
    rotate(backend_, matrix_of(matrices_, layer, rotation_of(site)), rotated_);
    term.by_mask[term.depends_on.bits()] += quantization_error(backend_, settings, group, rotated_);
  }

  // [layer][site], summed over samples.
  const std::vector<ErrorTerm>& sums() const { return terms_; }

 private:
  B& backend_;
  const ModelShape& shape_;
  const QuantConfig& quant_;
  const RotationMatrices& matrices_;
  std::vector<ErrorTerm> terms_;  // [layer][site]
  Tensor<B> rotated_;
};

// Runs all samples, `batch_size` at a time, under the tap.
template <Backend B, class Tap>
void run_samples(B& backend, const Network<B>& network, std::span<const SftSample> samples,
                 std::size_t batch_size, Tap& tap) {
  Activations<B> acts(network.plan.shape, Keep::kOneLayer);
  ModelInput<B> input;
  OwnKeys memory;
  for (std::size_t first = 0; first < samples.size(); first += batch_size) {
    stop_if_requested();
    std::vector<const SftSample*> batch;
    for (std::size_t i = first; i < std::min(first + batch_size, samples.size()); ++i)
      batch.push_back(&samples[i]);
    load_batch(backend, make_batch(batch), input);
    ForwardPass<B, OwnKeys, Tap> pass{backend, network, input, acts, memory, tap};
    transformer_forward(pass);
  }
}

// The error of one weight under each setting of its two rotations.
template <Backend B>
ErrorTerm weight_error(B& backend, const QuantizerSettings& settings,
                       const RotationMatrices& matrices, std::size_t layer, Linear l,
                       const Tensor<B>& master) {
  const int in = input_rotation_of(l), out = output_rotation_of(l);
  ErrorTerm term{layer,
                 std::string(linear_name(l)) + ".weight",
                 1,
                 RotationMask(only(in).bits() | only(out).bits()),
                 {}};
  if (!settings.enabled()) return term;
  stop_if_requested();
  Tensor<B> w;
  for (unsigned bits = 0; bits < 16; ++bits) {
    if ((bits & term.depends_on.bits()) != bits) continue;
    copy(backend, master, w);
    if (RotationMask(bits).r(in)) rotate(backend, matrix_of(matrices, layer, in), w);
    if (out != 0 && RotationMask(bits).r(out))
      rotate_outputs(backend, matrix_of(matrices, layer, out), w);
    term.by_mask[bits] = quantization_error(backend, settings, w.cols(), w);
  }
  return term;
}

// Sequences at a time; does not change any sum but its rounding.
inline constexpr std::size_t kCalibrationBatch = 16;

// Every term of eq. (12) of a folded, unrotated network whose own plan does not quantize, with the
// quantizers `quant` and the rotations `matrices`. Padding does not exist in our batches.
template <Backend B>
ErrorTable measure_errors(B& backend, const Network<B>& network, const QuantConfig& quant,
                          const RotationMatrices& matrices, std::span<const SftSample> samples) {
  SiteErrors<B> sites(backend, network.plan.shape, quant, matrices);
  run_samples(backend, network, samples, kCalibrationBatch, sites);

  ErrorTable table{averaged(sites.sums(), samples.size()),
                   static_cast<std::int64_t>(samples.size())};
  for (std::size_t i = 0; i < network.parameters.layers.size(); ++i) {
    for (const Linear l : linears_of(network.plan.shape)) {
      table.terms.push_back(weight_error(backend, quant.weight, matrices, i, l,
                                         network.parameters.layers[i].weight[l]));
    }
  }
  return table;
}

// The same with the random rotations of `seed`.
template <Backend B>
ErrorTable measure_errors(B& backend, const Network<B>& network, const QuantConfig& quant,
                          std::uint64_t seed, std::span<const SftSample> samples) {
  return measure_errors(backend, network, quant, make_rotation_matrices(network.plan.shape, seed),
                        samples);
}

}  // namespace trainer
