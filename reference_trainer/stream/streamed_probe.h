// A forward pass over a fixed sequence that has one layer of the model in memory at a time.
#pragma once

#include <utility>

#include "reference_trainer/model/batch_input.h"
#include "reference_trainer/model/transformer.h"

namespace trainer {

// A sequence that walks through the vocabulary, of at most 64 tokens.
TokenBatch probe_batch(const ModelShape& shape);

template <Backend B>
class StreamedProbe {
 public:
  // The plan is the model's; of its rotations those of one layer are in force at a time.
  StreamedProbe(B& backend, const ForwardPlan& plan)
      : acts_(plan.shape, Keep::kOneLayer), rotations_(plan.rotations) {
    network_.plan = plan;
    network_.parameters.layers.resize(1);
    network_.effective.resize(1);
    const TokenBatch batch = probe_batch(plan.shape);
    load_batch(backend, batch, input_);
    tokens_ = batch.tokens;
    residual_.resize(tokens_.size() * width());
  }

  // Rows first, first + 1, ... of the embedding, [rows, d] row-major; every row must come once.
  void take_embedding(std::int64_t first, std::span<const float> rows) {
    const auto count = static_cast<std::int64_t>(rows.size() / width());
    for (std::size_t t = 0; t < tokens_.size(); ++t) {
      const std::int64_t row = tokens_[t] - first;
      if (row < 0 || row >= count) continue;
      std::copy_n(rows.data() + static_cast<std::size_t>(row) * width(), width(),
                  residual_.data() + t * width());
    }
  }

  // What the last row of the embedding makes possible.
  void begin(B& backend) {
    acts_.residual.reshape(backend, static_cast<std::int64_t>(tokens_.size()),
                           static_cast<std::int64_t>(width()));
    copy_to_device<float>(backend, residual_, acts_.residual);
  }

  // Layer i, whose parameters are lent.
  void run_layer(B& backend, std::size_t i, LayerParameters<B>& layer) {
    network_.plan.rotations = {rotations_[i]};
    std::swap(network_.parameters.layers[0], layer);
    update_effective_weights(backend, network_);
    OwnKeys memory;
    NoTap tap;
    ForwardPass<B, OwnKeys, NoTap> pass{backend, network_, input_, acts_, memory, tap};
    block_forward(pass, 0);
    std::swap(network_.parameters.layers[0], layer);
  }

  // The last norm.
  void finish(B& backend, const NormParameters<B>& norm) {
    norm_forward(backend, network_.plan.shape, norm, acts_.residual, acts_.final_hidden,
                 acts_.final_statistics);
  }

  // Logits of some rows of the head, [tokens, rows].
  std::vector<float> logits(B& backend, const LmHead<B>& rows) {
    lm_head_forward(backend, acts_.final_hidden, rows, logits_);
    std::vector<float> host(static_cast<std::size_t>(logits_.size()));
    copy_to_host<float>(backend, logits_, host);
    return host;
  }

 private:
  std::size_t width() const { return static_cast<std::size_t>(network_.plan.shape.hidden_size); }

  Network<B> network_;  // of one layer
  Activations<B> acts_;
  std::vector<LayerRotations> rotations_;
  ModelInput<B> input_;
  std::vector<TokenId> tokens_;
  std::vector<float> residual_;  // [tokens, d]
  Tensor<B> logits_;
};

}  // namespace trainer
