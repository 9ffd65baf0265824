#include "reference_trainer/ops/rmsnorm.h"

#include <array>
#include <cmath>

#include "reference_trainer/ops/cpu_chunks.h"
#include "reference_trainer/ops/cpu_maps.h"

namespace trainer {
namespace {

// dx += r (gain dy) - x r^3 / d * sum(gain dy x), with r = inverse_rms of the row.
void add_row_gradient(ConstArrayView x, ConstArrayView gain, ConstArrayView dy, float r,
                      ArrayView dx) {
  const float dot = (gain * dy * x).sum();
  const float pull = r * r * r * dot / static_cast<float>(x.size());
  dx += r * (gain * dy) - pull * x;
}

// dgain[c] += sum over rows of dy[r, c] x[r, c] inverse_rms[r], for columns begin ... end - 1.
void add_gain_gradient(const RmsNormSaved<Cpu>& saved, const Tensor<Cpu>& dy, std::int64_t begin,
                       std::int64_t end, float* dgain) {
  std::array<float, kColumnsPerTile> sum{};
  for (std::int64_t r = 0; r < dy.rows(); ++r) {
    const float* x = saved.x.data() + r * dy.cols() + begin;
    const float* upstream = dy.data() + r * dy.cols() + begin;
    const float inverse_rms = saved.inverse_rms.data()[r];
    for (std::int64_t c = 0; c < end - begin; ++c) sum[c] += upstream[c] * (x[c] * inverse_rms);
  }
  for (std::int64_t c = begin; c < end; ++c) dgain[c] += sum[c - begin];
}

}  // namespace

void rmsnorm_forward(Cpu& cpu, const Tensor<Cpu>& x, const Tensor<Cpu>& gain, float eps,
                     Tensor<Cpu>& y, Tensor<Cpu>& inverse_rms) {
  require_equal("rmsnorm_forward: size of gain", gain.size(), x.cols());
  const std::int64_t d = x.cols();
  y.reshape(cpu, x.rows(), d);
  inverse_rms.reshape(cpu, 1, x.rows());
  const ConstArrayView gains(gain.data(), d);
  for_row_chunks(cpu, x.rows(), d, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t r = begin; r < end; ++r) {
      const ConstArrayView row(x.data() + r * d, d);
      const float mean_square = row.square().sum() / static_cast<float>(d);
      const float inverse = 1.0f / std::sqrt(mean_square + eps);
      ArrayView(y.data() + r * d, d) = row * inverse * gains;
      inverse_rms.data()[r] = inverse;
    }
  });
}

void rmsnorm_backward(Cpu& cpu, const RmsNormSaved<Cpu>& saved, const Tensor<Cpu>& dy,
                      Tensor<Cpu>& dx, Tensor<Cpu>& dgain) {
  require_same_shape("rmsnorm_backward: shape of dy against x", dy, saved.x);
  require_same_shape("rmsnorm_backward: shape of dx against x", dx, saved.x);
  require_equal("rmsnorm_backward: size of dgain", dgain.size(), dy.cols());
  const std::int64_t d = dy.cols();
  const ConstArrayView gains(saved.gain.data(), d);
  for_row_chunks(cpu, dy.rows(), d, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t r = begin; r < end; ++r) {
      add_row_gradient({saved.x.data() + r * d, d}, gains, {dy.data() + r * d, d},
                       saved.inverse_rms.data()[r], {dx.data() + r * d, d});
    }
  });
  for_chunks(cpu, d, kColumnsPerTile, [&](std::int64_t begin, std::int64_t end) {
    add_gain_gradient(saved, dy, begin, end, dgain.data());
  });
}

}  // namespace trainer
