// Calibration block by block: the residual stream of every batch is kept, so that a block is run as
// often as its weights change, and nothing before it again.
#pragma once

#include <algorithm>
#include <span>
#include <vector>

#include "reference_trainer/baselines/hessian.h"
#include "reference_trainer/model/batch_input.h"
#include "reference_trainer/model/transformer.h"

namespace trainer {

// A tap that adds up the inputs of one site as the linear layers multiply them, eq. (5).
template <Backend B>
class SiteHessian {
 public:
  SiteHessian(B& backend, const ForwardPlan& plan, Site site)
      : backend_(backend), plan_(plan), site_(site), sum_(backend) {}

  void operator()(std::size_t, Site site, const Tensor<B>& x) {
    if (site != site_) return;
    const QuantizerSettings& settings = plan_.quant.at(site);
    if (!settings.enabled()) return sum_.add(x);
    copy(backend_, x, quantized_);
    fake_quantize(backend_, settings, group_size(plan_.shape, site), quantized_);
    sum_.add(quantized_);
  }

  Hessian take_mean() { return sum_.take_mean(); }

 private:
  B& backend_;
  const ForwardPlan& plan_;
  Site site_;
  HessianSum<B> sum_;
  Tensor<B> quantized_;
};

// The samples on their way through the network, in front of one block.
template <Backend B>
class CalibrationStream {
 public:
  // In front of block 0.
  CalibrationStream(B& backend, const Network<B>& network, std::span<const SftSample> samples)
      : backend_(backend), network_(network), acts_(network.plan.shape, Keep::kOneLayer) {
    for (std::size_t first = 0; first < samples.size(); first += kBatch) {
      const std::size_t count = std::min(kBatch, samples.size() - first);
      add_batch(samples.subspan(first, count));
    }
  }

  // 2/n sum x x^T of what the site's linear layers multiply in block i, in front of which the
  // stream is; it stays there. Attention's sites are seen without running the MLP.
  Hessian hessian(std::size_t i, Site site) {
    SiteHessian<B> tap(backend_, network_.plan, site);
    const bool in_attention = site == Site::kQkvInput || site == Site::kOInput;
    for (Batch& batch : batches_) {
      auto pass = enter(batch, tap);
      if (in_attention) {
        copy(backend_, acts_.residual, acts_.layer(i).input);
        attention_branch_forward(pass, i);
      } else {
        block_forward(pass, i);
      }
    }
    return tap.take_mean();
  }

  // Moves the stream behind block i.
  void advance(std::size_t i) {
    NoTap tap;
    for (Batch& batch : batches_) {
      auto pass = enter(batch, tap);
      block_forward(pass, i);
      std::swap(acts_.residual, batch.residual);
    }
  }

 private:
  static constexpr std::size_t kBatch = 16;  // sequences; changes sums by their rounding only

  struct Batch {
    ModelInput<B> input;
    Tensor<B> residual;  // [N, d]
  };

  void add_batch(std::span<const SftSample> samples) {
    std::vector<const SftSample*> pointers;
    for (const SftSample& sample : samples) pointers.push_back(&sample);
    Batch& batch = batches_.emplace_back();
    load_batch(backend_, make_batch(pointers), batch.input);
    embedding_forward(backend_, batch.input.tokens, network_.parameters.embedding, batch.residual);
  }

  template <class Tap>
  ForwardPass<B, OwnKeys, Tap> enter(const Batch& batch, Tap& tap) {
    copy(backend_, batch.residual, acts_.residual);
    return {backend_, network_, batch.input, acts_, memory_, tap};
  }

  B& backend_;
  const Network<B>& network_;
  Activations<B> acts_;
  OwnKeys memory_;
  std::vector<Batch> batches_;
};

}  // namespace trainer
