#include "reference_trainer/ops/elementwise.h"

#include <array>

#include "reference_trainer/ops/cpu_chunks.h"

namespace trainer {

void add(Cpu& cpu, const Tensor<Cpu>& x, Tensor<Cpu>& y) {
  require_same_shape("add: shape of x against y", x, y);
  for_chunks(cpu, x.size(), kValuesPerChunk, [&](std::int64_t begin, std::int64_t end) {
    const float* from = x.data();
    float* to = y.data();
    for (std::int64_t i = begin; i < end; ++i) to[i] += from[i];
  });
}

void bias_forward(Cpu& cpu, const Tensor<Cpu>& bias, Tensor<Cpu>& y) {
  require_equal("bias_forward: size of bias", bias.size(), y.cols());
  for_row_chunks(cpu, y.rows(), y.cols(), [&](std::int64_t begin, std::int64_t end) {
    const float* from = bias.data();
    for (std::int64_t r = begin; r < end; ++r) {
      float* to = y.data() + r * y.cols();
      for (std::int64_t c = 0; c < y.cols(); ++c) to[c] += from[c];
    }
  });
}

// Tiles of columns: every thread walks all rows, so the order of a sum never changes.
void bias_backward(Cpu& cpu, const Tensor<Cpu>& dy, Tensor<Cpu>& dbias) {
  require_equal("bias_backward: size of dbias", dbias.size(), dy.cols());
  for_chunks(cpu, dy.cols(), kColumnsPerTile, [&](std::int64_t begin, std::int64_t end) {
    std::array<float, kColumnsPerTile> sum{};
    for (std::int64_t r = 0; r < dy.rows(); ++r) {
      const float* row = dy.data() + r * dy.cols() + begin;
      for (std::int64_t c = 0; c < end - begin; ++c) sum[c] += row[c];
    }
    for (std::int64_t c = begin; c < end; ++c) dbias.data()[c] += sum[c - begin];
  });
}

}  // namespace trainer
