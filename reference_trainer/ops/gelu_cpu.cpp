#include "reference_trainer/ops/gelu.h"

#include <numbers>

#include "reference_trainer/ops/cpu_chunks.h"
#include "reference_trainer/ops/cpu_maps.h"

namespace trainer {
namespace {

// Intermediate values of one block wait on the stack, in the first-level cache.
constexpr std::int64_t kBlock = 256;
using Block = Eigen::Array<float, Eigen::Dynamic, 1, 0, kBlock, 1>;

struct NormalTail {
  Block bell;  // exp(-x^2 / 2)
  Block tail;  // 1 - Phi(|x|)
};

// 1 - Phi(a) = exp(-a^2 / 2) t P(t), t = 1 / (1 + 0.27 a), a >= 0. P is the polynomial of degree 8
// of least largest relative error, 2.4e-8, for 0 <= a <= 14 (by iterated reweighting in double
// precision); beyond, the tail is below the smallest normal float.
NormalTail normal_tail(ConstArrayView x) {
  NormalTail n;
  n.bell = (-0.5f * x.square()).exp();
  const Block t = 1.0f / (1.0f + 0.27f * x.abs());
  Block p = 0.02891528f * t - 0.12625532f;
  p = p * t + 0.1692915f;
  p = p * t - 0.06862107f;
  p = p * t + 0.10739949f;
  p = p * t + 0.07224027f;
  p = p * t + 0.10175917f;
  p = p * t + 0.10755051f;
  p = p * t + 0.10772018f;
  n.tail = n.bell * t * p;
  return n;
}

// Phi(x) from the tail beyond |x|.
float normal_cdf(float x, float tail) { return x < 0 ? tail : 1.0f - tail; }

void forward_block(ConstArrayView x, float* y) {
  const NormalTail n = normal_tail(x);
  for (std::int64_t i = 0; i < x.size(); ++i) y[i] = x[i] * normal_cdf(x[i], n.tail[i]);
}

void backward_block(ConstArrayView dy, ArrayView x) {
  const NormalTail n = normal_tail({x.data(), x.size()});
  constexpr float kPeak = std::numbers::inv_sqrtpi_v<float> / std::numbers::sqrt2_v<float>;
  for (std::int64_t i = 0; i < x.size(); ++i) {
    x[i] = dy[i] * (normal_cdf(x[i], n.tail[i]) + x[i] * (kPeak * n.bell[i]));
  }
}

// body(begin, size) for every block.
template <class Body>
void for_blocks(Cpu& cpu, std::int64_t count, const Body& body) {
  for_chunks(cpu, count, kValuesPerChunk, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; i += kBlock) body(i, std::min(kBlock, end - i));
  });
}

}  // namespace

void gelu_forward(Cpu& cpu, const Tensor<Cpu>& x, Tensor<Cpu>& y) {
  y.reshape(cpu, x.rows(), x.cols());
  for_blocks(cpu, x.size(), [&](std::int64_t i, std::int64_t size) {
    forward_block({x.data() + i, size}, y.data() + i);
  });
}

void gelu_backward(Cpu& cpu, const Tensor<Cpu>& dy, Tensor<Cpu>& x) {
  require_same_shape("gelu_backward: shape of x against dy", x, dy);
  for_blocks(cpu, x.size(), [&](std::int64_t i, std::int64_t size) {
    backward_block({dy.data() + i, size}, {x.data() + i, size});
  });
}

}  // namespace trainer
