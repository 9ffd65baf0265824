#include "reference_trainer/ops/distillation.h"

#include "reference_trainer/ops/elementwise.h"
#include "reference_trainer/ops/logit_rows.h"
#include "reference_trainer/ops/matmul.h"
#include "reference_trainer/ops/rows.h"

namespace trainer {
namespace {

// KL(p || q) = sum_v p_v (t_v - s_v) - (ln sum_v exp t_v - ln sum_v exp s_v) for logits t of the
// teacher and s of the student, each measured from its largest: what is common to a row would
// cancel, but for its rounding. Student logits become the gradient scale * (q - p), teacher logits
// are used up. Both rows lie alike in their tensors, so equal logits give equal bits.
double divergence_of_row(float scale, ArrayView difference, ArrayView teacher, ArrayView student) {
  difference = teacher - student;
  const RowExponentials p = exponentiate(teacher);
  const RowExponentials q = exponentiate(student);
  const double offset = p.largest - q.largest;
  const double sum = (teacher.cast<double>() * (difference.cast<double>() - offset)).sum();
  student =
      student * static_cast<float>(scale / q.sum) - teacher * static_cast<float>(scale / p.sum);
  return sum / p.sum - (std::log(p.sum) - std::log(q.sum));
}

// Rows of one chunk, added in order.
double divergence_of_chunk(Cpu& cpu, float scale, Tensor<Cpu>& teacher, Tensor<Cpu>& student) {
  std::vector<double> losses(static_cast<std::size_t>(student.rows()));
  const std::int64_t vocab = student.cols();
  for_row_chunks(cpu, student.rows(), vocab, [&](std::int64_t begin, std::int64_t end) {
    std::vector<float> difference(static_cast<std::size_t>(vocab));
    for (std::int64_t i = begin; i < end; ++i) {
      losses[i] = divergence_of_row(scale, ArrayView(difference.data(), vocab),
                                    ArrayView(teacher.data() + i * vocab, vocab),
                                    ArrayView(student.data() + i * vocab, vocab));
    }
  });
  double sum = 0;
  for (const double loss : losses) sum += loss;
  return sum;
}

void require_shapes(const HeadInput<Cpu>& teacher, const HeadInput<Cpu>& student,
                    const Indices<Cpu>& targets) {
  for (const HeadInput<Cpu>* x : {&teacher, &student}) {
    require_equal("distillation: columns of a head", x->head.weight.cols(), x->hidden.cols());
    require_equal("distillation: rows of a hidden state", x->hidden.rows(), targets.size());
  }
  require_equal("distillation: the teacher's vocabulary", teacher.head.weight.rows(),
                student.head.weight.rows());
}

}  // namespace

LossSum distillation_loss_backward(Cpu& cpu, const HeadInput<Cpu>& teacher,
                                   const HeadInput<Cpu>& student, const Indices<Cpu>& targets,
                                   float scale, const LmHeadGradients<Cpu>& gradients) {
  require_shapes(teacher, student, targets);
  if (!gradients.dhead.empty())
    require_same_shape("distillation: shape of dhead against head", gradients.dhead,
                       student.head.weight);
  const RowList rows = rows_with_target(targets, student.head.weight.rows());
  LossSum loss{0, static_cast<std::int64_t>(rows.size())};
  gradients.dh.reshape(cpu, student.hidden.rows(), student.hidden.cols());
  std::fill_n(gradients.dh.data(), gradients.dh.size(), 0.0f);
  Tensor<Cpu> hidden, teacher_logits, logits, dhidden;
  for_target_chunks(rows, [&](std::span<const std::int64_t> chunk) {
    gather_rows(cpu, teacher.hidden, chunk, hidden);
    lm_head_forward(cpu, hidden, teacher.head, teacher_logits);
    gather_rows(cpu, student.hidden, chunk, hidden);
    lm_head_forward(cpu, hidden, student.head, logits);
    loss.negative_log_likelihood += divergence_of_chunk(cpu, scale, teacher_logits, logits);
    matmul_nn(cpu, logits, student.head.weight, dhidden);
    scatter_rows(cpu, dhidden, chunk, gradients.dh);
    if (!gradients.dhead.empty()) matmul_tn_add(cpu, logits, hidden, gradients.dhead);
    if (!gradients.dbias.empty()) bias_backward(cpu, logits, gradients.dbias);
  });
  return loss;
}

}  // namespace trainer
