#include "reference_trainer/ops/swiglu.h"

#include "reference_trainer/ops/cpu_chunks.h"
#include "reference_trainer/ops/cpu_maps.h"

namespace trainer {
namespace {

// The backward pass overwrites both inputs; sigmoids of one block wait on the stack.
constexpr std::int64_t kBlock = 256;
using Block = Eigen::Array<float, Eigen::Dynamic, 1, 0, kBlock, 1>;

// d/dgate = dy up s (1 + g (1 - s)) and d/dup = dy g s, with s = sigmoid(g).
void backward_block(ConstArrayView dy, ArrayView gate, ArrayView up) {
  const Block sigmoid = 1.0f / (1.0f + (-gate).exp());
  const Block silu = gate * sigmoid;
  gate = dy * up * (sigmoid + silu * (1.0f - sigmoid));
  up = dy * silu;
}

}  // namespace

void swiglu_forward(Cpu& cpu, const Tensor<Cpu>& gate, const Tensor<Cpu>& up, Tensor<Cpu>& y) {
  require_same_shape("swiglu_forward: shape of up against gate", up, gate);
  y.reshape(cpu, gate.rows(), gate.cols());
  for_chunks(cpu, y.size(), kValuesPerChunk, [&](std::int64_t begin, std::int64_t end) {
    const ConstArrayView g(gate.data() + begin, end - begin);
    const ConstArrayView u(up.data() + begin, end - begin);
    ArrayView(y.data() + begin, end - begin) = g / (1.0f + (-g).exp()) * u;
  });
}

void swiglu_backward(Cpu& cpu, const Tensor<Cpu>& dy, Tensor<Cpu>& gate, Tensor<Cpu>& up) {
  require_same_shape("swiglu_backward: shape of gate against dy", gate, dy);
  require_same_shape("swiglu_backward: shape of up against dy", up, dy);
  for_chunks(cpu, dy.size(), kValuesPerChunk, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; i += kBlock) {
      const std::int64_t size = std::min(kBlock, end - i);
      backward_block({dy.data() + i, size}, {gate.data() + i, size}, {up.data() + i, size});
    }
  });
}

}  // namespace trainer
