// The language-model heads of a teacher and a student and the divergence between what they predict,
// in one sweep over chunks of rows (as lm_head.h): the loss of LLM-QAT (Liu et al. 2023, eq. 1 with
// soft labels).
#pragma once

#include "reference_trainer/ops/lm_head.h"

namespace trainer {

// What a head reads and what it is; a teacher and a student may differ in d, not in vocab.
template <Backend B>
struct HeadInput {
  const Tensor<B>& hidden;  // [N, d]
  LmHead<B> head;           // [vocab, d]
};

// Sum over the rows with targets[i] >= 0 of KL(p || q) = sum_v p_v ln(p_v / q_v) in nats, p the
// teacher's softmax and q the student's, and the gradient of scale times it with respect to the
// student. Exactly 0 with gradient 0 where all logits are equal. The value of a target has no
// influence but its sign. LossSum holds the divergence in place of a likelihood. Throws
// std::invalid_argument on unequal dimensions.
LossSum distillation_loss_backward(Cpu& cpu, const HeadInput<Cpu>& teacher,
                                   const HeadInput<Cpu>& student, const Indices<Cpu>& targets,
                                   float scale, const LmHeadGradients<Cpu>& gradients);

}  // namespace trainer
