#include "reference_trainer/ops/layernorm.h"

#include <array>
#include <cmath>

#include "reference_trainer/ops/cpu_chunks.h"
#include "reference_trainer/ops/cpu_maps.h"
#include "reference_trainer/ops/elementwise.h"

namespace trainer {
namespace {

// dx += r (g - mean(g) - xhat mean(g xhat)), with g = gain dy and xhat = (x - mean) r.
void add_row_gradient(ConstArrayView x, ConstArrayView gain, ConstArrayView dy, float mean, float r,
                      ArrayView dx) {
  const auto size = static_cast<float>(x.size());
  const float sum = (gain * dy).sum();
  const float dot = (gain * dy * (x - mean)).sum();
  const float level = r * sum / size, pull = r * r * r * dot / size;
  dx += r * (gain * dy) - level - pull * (x - mean);
}

// dgain[c] += sum over rows of dy[r, c] xhat[r, c], for columns begin ... end - 1.
void add_gain_gradient(const LayerNormSaved<Cpu>& saved, const Tensor<Cpu>& dy, std::int64_t begin,
                       std::int64_t end, float* dgain) {
  std::array<float, kColumnsPerTile> sum{};
  const float* means = saved.statistics.data();
  const float* inverses = means + dy.rows();
  for (std::int64_t r = 0; r < dy.rows(); ++r) {
    const float* x = saved.x.data() + r * dy.cols() + begin;
    const float* upstream = dy.data() + r * dy.cols() + begin;
    for (std::int64_t c = 0; c < end - begin; ++c)
      sum[c] += upstream[c] * ((x[c] - means[r]) * inverses[r]);
  }
  for (std::int64_t c = begin; c < end; ++c) dgain[c] += sum[c - begin];
}

void require_shapes(const LayerNormSaved<Cpu>& saved, const Tensor<Cpu>& dy,
                    const LayerNormGradients<Cpu>& g) {
  require_same_shape("layernorm_backward: shape of dy against x", dy, saved.x);
  require_same_shape("layernorm_backward: shape of dx against x", g.dx, saved.x);
  require_equal("layernorm_backward: size of gain", saved.gain.size(), dy.cols());
  require_equal("layernorm_backward: size of statistics", saved.statistics.size(), 2 * dy.rows());
  require_equal("layernorm_backward: size of dgain", g.dgain.size(), dy.cols());
}

}  // namespace

void layernorm_forward(Cpu& cpu, const Tensor<Cpu>& x, const LayerNormParameters<Cpu>& parameters,
                       float eps, Tensor<Cpu>& y, Tensor<Cpu>& statistics) {
  require_equal("layernorm_forward: size of gain", parameters.gain.size(), x.cols());
  require_equal("layernorm_forward: size of bias", parameters.bias.size(), x.cols());
  const std::int64_t d = x.cols();
  y.reshape(cpu, x.rows(), d);
  statistics.reshape(cpu, 2, x.rows());
  const ConstArrayView gain(parameters.gain.data(), d), bias(parameters.bias.data(), d);
  for_row_chunks(cpu, x.rows(), d, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t r = begin; r < end; ++r) {
      const ConstArrayView row(x.data() + r * d, d);
      const float mean = row.sum() / static_cast<float>(d);
      const float variance = (row - mean).square().sum() / static_cast<float>(d);
      const float inverse = 1.0f / std::sqrt(variance + eps);
      ArrayView(y.data() + r * d, d) = (row - mean) * inverse * gain + bias;
      statistics.data()[r] = mean;
      statistics.data()[x.rows() + r] = inverse;
    }
  });
}

void layernorm_backward(Cpu& cpu, const LayerNormSaved<Cpu>& saved, const Tensor<Cpu>& dy,
                        const LayerNormGradients<Cpu>& gradients) {
  require_shapes(saved, dy, gradients);
  const std::int64_t d = dy.cols();
  const ConstArrayView gain(saved.gain.data(), d);
  for_row_chunks(cpu, dy.rows(), d, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t r = begin; r < end; ++r) {
      add_row_gradient({saved.x.data() + r * d, d}, gain, {dy.data() + r * d, d},
                       saved.statistics.data()[r], saved.statistics.data()[dy.rows() + r],
                       {gradients.dx.data() + r * d, d});
    }
  });
  for_chunks(cpu, d, kColumnsPerTile, [&](std::int64_t begin, std::int64_t end) {
    add_gain_gradient(saved, dy, begin, end, gradients.dgain.data());
  });
  bias_backward(cpu, dy, gradients.dbias);
}

}  // namespace trainer
