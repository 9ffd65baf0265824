// The language-model head and its cross-entropy in one sweep over chunks of rows, so that logits
// never exist for more than a chunk of tokens.
#pragma once

#include "reference_trainer/backend/backend.h"

namespace trainer {

// Rows of logits that exist at once: 50 MB for a vocabulary of 50 000.
inline constexpr std::int64_t kLogitRowsAtOnce = 256;

// What turns hidden states into logits: h weight^T + bias.
template <Backend B>
struct LmHead {
  const Tensor<B>& weight;  // [vocab, d]
  const Tensor<B>& bias;    // [1, vocab], or empty: none
};

struct LossSum {
  double negative_log_likelihood = 0;  // summed over target tokens, natural logarithm
  std::int64_t targets = 0;            // rows with targets[i] >= 0
};

// logits[n, vocab] := h[n, d] * head.weight^T + head.bias.
void lm_head_forward(Cpu& cpu, const Tensor<Cpu>& h, const LmHead<Cpu>& head, Tensor<Cpu>& logits);

// Summed cross-entropy of rows whose target is >= 0; the rest are not computed. targets is [1, N].
LossSum lm_head_loss(Cpu& cpu, const Tensor<Cpu>& h, const LmHead<Cpu>& head,
                     const Indices<Cpu>& targets);

template <Backend B>
struct LmHeadGradients {
  Tensor<B>& dh;     // reshaped to [N, d]; rows without a target become zero
  Tensor<B>& dhead;  // [vocab, d], added to, or empty: not wanted
  Tensor<B>& dbias;  // [1, vocab], added to, or empty: not wanted
};

// As lm_head_loss, and the gradient of scale * negative_log_likelihood.
LossSum lm_head_loss_backward(Cpu& cpu, const Tensor<Cpu>& h, const LmHead<Cpu>& head,
                              const Indices<Cpu>& targets, float scale,
                              const LmHeadGradients<Cpu>& gradients);

}  // namespace trainer
