// The transformer: embedding, blocks, final norm, head and loss. Written once for every backend.
#pragma once

#include "reference_trainer/model/block_backward.h"
#include "reference_trainer/model/effective_weights.h"
#include "reference_trainer/model/kept_activations.h"
#include "reference_trainer/model/narrow_parameters.h"
#include "reference_trainer/ops/lm_head.h"

namespace trainer {

// pass.acts.final_hidden := the normalized last hidden states [N, d]. network.effective must be up
// to date.
template <Backend B, class Memory, class Tap>
void transformer_forward(ForwardPass<B, Memory, Tap>& pass) {
  const Network<B>& net = pass.network;
  Activations<B>& acts = pass.acts;
  embed_tokens(pass.backend, net, pass.input.tokens, acts.residual);
  for (std::size_t i = 0; i < net.parameters.layers.size(); ++i) {
    block_forward(pass, i);
    keep_block(pass.backend, i, acts);
  }
  norm_forward(pass.backend, net.plan.shape,
               {net.parameters.final_norm, net.parameters.final_norm_bias}, acts.residual,
               acts.final_hidden, acts.final_statistics);
}

// As above for a batch that attends to itself and that nobody watches.
template <Backend B>
void transformer_forward(B& backend, const Network<B>& network, const ModelInput<B>& input,
                         Activations<B>& acts) {
  OwnKeys memory;
  NoTap tap;
  ForwardPass<B, OwnKeys, NoTap> pass{backend, network, input, acts, memory, tap};
  transformer_forward(pass);
}

template <Backend B>
struct TransformerScratch {
  BlockScratch<B> block;
  Tensor<B> dfinal;     // [N, d] with respect to final_hidden
  Tensor<B> dresidual;  // [N, d]
};

// Where a backward pass adds its gradients and what it may overwrite.
template <Backend B>
struct BackwardBuffers {
  Activations<B>& acts;
  TransformerScratch<B>& scratch;
  Parameters<B>& gradients;                  // empty tensors: frozen (but norms have theirs)
  Adapters<B>* adapter_gradients = nullptr;  // not null where the network has adapters
};

// A batch that went through the network: what a loss is a function of.
template <Backend B>
struct LossInput {
  B& backend;
  const Network<B>& network;
  const ModelInput<B>& input;
  const Indices<B>& targets;  // [1, N], -1: no target
  float scale;                // of the gradients
};

// The loss of supervised training. A loss returns its sum over the targets of a batch, given the
// last hidden states [N, d], and writes or adds the gradients of scale times it.
struct CrossEntropy {
  template <Backend B>
  LossSum operator()(const LossInput<B>& at, const Tensor<B>& hidden,
                     const LmHeadGradients<B>& gradients) const {
    Tensor<B> made;
    return lm_head_loss_backward(at.backend, hidden, head_values(at.backend, at.network, made),
                                 at.targets, at.scale, gradients);
  }
};

// After transformer_forward: the summed loss over the targets, and gradients of at.scale times it,
// added to buffers.gradients (weights in the effective basis).
template <Backend B, class Loss>
LossSum transformer_backward(const LossInput<B>& at, Loss& compute_loss,
                             const BackwardBuffers<B>& buffers) {
  B& backend = at.backend;
  const Network<B>& network = at.network;
  Activations<B>& acts = buffers.acts;
  TransformerScratch<B>& s = buffers.scratch;
  Parameters<B>& g = buffers.gradients;
  const LossSum loss =
      compute_loss(at, acts.final_hidden, {s.dfinal, g.output_embedding(), g.head_bias});
  s.dresidual.reshape(backend, acts.residual.rows(), acts.residual.cols());
  fill_zero(backend, s.dresidual);
  norm_backward(backend, network.plan.shape,
                {acts.residual, network.parameters.final_norm, acts.final_statistics}, s.dfinal,
                {s.dresidual, g.final_norm, g.final_norm_bias});
  BackwardPass<B> pass{backend, network, at.input, acts, s.block, g, buffers.adapter_gradients};
  for (std::size_t i = network.parameters.layers.size(); i-- > 0;) {
    restore_block(backend, network, at.input, i, acts);
    block_backward(pass, i, s.dresidual);
  }
  if (!g.embedding.empty()) embedding_backward(backend, at.input.tokens, s.dresidual, g.embedding);
  return loss;
}

// The same for the cross-entropy of targets [1, N].
template <Backend B>
LossSum transformer_backward(B& backend, const Network<B>& network, const ModelInput<B>& input,
                             const Indices<B>& targets, float loss_scale,
                             const BackwardBuffers<B>& buffers) {
  const CrossEntropy loss;
  return transformer_backward(LossInput<B>{backend, network, input, targets, loss_scale}, loss,
                              buffers);
}

}  // namespace trainer
