#include "reference_trainer/ops/low_rank.h"

#include "reference_trainer/ops/cpu_maps.h"
#include "reference_trainer/ops/matmul.h"

namespace trainer {
namespace {

// h[N, r] := scale * x a^T
void project(Cpu& cpu, const LowRank<Cpu>& weight, const Tensor<Cpu>& x, Tensor<Cpu>& h) {
  matmul_nt(cpu, x, weight.a, h);
  view(h) *= weight.scale;
}

}  // namespace

void low_rank_forward(Cpu& cpu, const LowRank<Cpu>& weight, const Tensor<Cpu>& x, Tensor<Cpu>& y) {
  Tensor<Cpu> h;
  project(cpu, weight, x, h);
  matmul_nt_add(cpu, h, weight.b, y);
}

void low_rank_backward(Cpu& cpu, const LowRank<Cpu>& weight, const Tensor<Cpu>& x,
                       const Tensor<Cpu>& dy, const LowRankGradients<Cpu>& gradients) {
  Tensor<Cpu> h, dh;
  project(cpu, weight, x, h);
  matmul_nn(cpu, dy, weight.b, dh);
  view(dh) *= weight.scale;
  matmul_tn_add(cpu, dh, x, gradients.da);
  matmul_tn_add(cpu, dy, h, gradients.db);
  matmul_nn_add(cpu, dh, weight.a, gradients.dx);
}

}  // namespace trainer
