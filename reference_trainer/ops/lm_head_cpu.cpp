#include "reference_trainer/ops/lm_head.h"

#include "reference_trainer/ops/elementwise.h"
#include "reference_trainer/ops/logit_rows.h"
#include "reference_trainer/ops/matmul.h"
#include "reference_trainer/ops/rows.h"

namespace trainer {
namespace {

struct RowSoftmax {
  double negative_log_likelihood;
  double sum;  // of exp(logit - largest logit)
};

// Replaces logits by exp(logit - largest logit).
RowSoftmax softmax_of(ArrayView logits, std::int32_t target) {
  const double target_logit = logits[target];
  const RowExponentials row = exponentiate(logits);
  return {row.log_sum() - target_logit, row.sum};
}

// Turns exponentials into the gradient scale * (probability - [column is the target]).
void write_gradient(float scale, double sum, std::int32_t target, ArrayView exponentials) {
  exponentials *= static_cast<float>(scale / sum);
  exponentials[target] -= scale;
}

// body(exponentials, their sum, target) for every row of the chunk; returns the loss, rows added in
// order.
template <class Body>
double for_logit_rows(Cpu& cpu, const Indices<Cpu>& targets, std::span<const std::int64_t> rows,
                      Tensor<Cpu>& logits, const Body& body) {
  std::vector<double> losses(rows.size());
  for_row_chunks(cpu, logits.rows(), logits.cols(), [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      const ArrayView row(logits.data() + i * logits.cols(), logits.cols());
      const std::int32_t target = targets.data()[rows[i]];
      const RowSoftmax softmax = softmax_of(row, target);
      losses[i] = softmax.negative_log_likelihood;
      body(row, softmax.sum, target);
    }
  });
  double sum = 0;
  for (const double loss : losses) sum += loss;
  return sum;
}

void require_shapes(const Tensor<Cpu>& h, const LmHead<Cpu>& head, const Indices<Cpu>& targets) {
  require_equal("lm_head: columns of the head", head.weight.cols(), h.cols());
  require_equal("lm_head: number of targets", targets.size(), h.rows());
}

}  // namespace

void lm_head_forward(Cpu& cpu, const Tensor<Cpu>& h, const LmHead<Cpu>& head, Tensor<Cpu>& logits) {
  matmul_nt(cpu, h, head.weight, logits);
  if (!head.bias.empty()) bias_forward(cpu, head.bias, logits);
}

LossSum lm_head_loss(Cpu& cpu, const Tensor<Cpu>& h, const LmHead<Cpu>& head,
                     const Indices<Cpu>& targets) {
  require_shapes(h, head, targets);
  const RowList rows = rows_with_target(targets, head.weight.rows());
  LossSum loss{0, static_cast<std::int64_t>(rows.size())};
  Tensor<Cpu> hidden, logits;
  for_target_chunks(rows, [&](std::span<const std::int64_t> chunk) {
    gather_rows(cpu, h, chunk, hidden);
    lm_head_forward(cpu, hidden, head, logits);
    loss.negative_log_likelihood +=
        for_logit_rows(cpu, targets, chunk, logits, [](ArrayView, double, std::int32_t) {});
  });
  return loss;
}

LossSum lm_head_loss_backward(Cpu& cpu, const Tensor<Cpu>& h, const LmHead<Cpu>& head,
                              const Indices<Cpu>& targets, float scale,
                              const LmHeadGradients<Cpu>& gradients) {
  require_shapes(h, head, targets);
  if (!gradients.dhead.empty())
    require_same_shape("lm_head: shape of dhead against head", gradients.dhead, head.weight);
  const RowList rows = rows_with_target(targets, head.weight.rows());
  LossSum loss{0, static_cast<std::int64_t>(rows.size())};
  gradients.dh.reshape(cpu, h.rows(), h.cols());
  std::fill_n(gradients.dh.data(), gradients.dh.size(), 0.0f);
  Tensor<Cpu> hidden, logits, dhidden;
  for_target_chunks(rows, [&](std::span<const std::int64_t> chunk) {
    gather_rows(cpu, h, chunk, hidden);
    lm_head_forward(cpu, hidden, head, logits);
    loss.negative_log_likelihood += for_logit_rows(
        cpu, targets, chunk, logits, [scale](ArrayView row, double sum, std::int32_t target) {
          write_gradient(scale, sum, target, row);
        });
    matmul_nn(cpu, logits, head.weight, dhidden);
    scatter_rows(cpu, dhidden, chunk, gradients.dh);
    if (!gradients.dhead.empty()) matmul_tn_add(cpu, logits, hidden, gradients.dhead);
    if (!gradients.dbias.empty()) bias_backward(cpu, logits, gradients.dbias);
  });
  return loss;
}

}  // namespace trainer
