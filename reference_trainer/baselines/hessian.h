// What a linear layer's inputs look like: H = 2/n sum x x^T, the Hessian of the mean squared error
// of its outputs with respect to a row of its weight (Frantar et al. 2022, sec. 3.1).
#pragma once

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "reference_trainer/backend/backend.h"
#include "reference_trainer/backend/copy.h"
#include "reference_trainer/base/thread_pool.h"
#include "reference_trainer/ops/matmul.h"
#include "roste/cpu/matrix_view.h"

namespace trainer {

// A symmetric matrix on the host; its halves may differ by the rounding of float32 sums.
struct Hessian {
  std::int64_t size = 0;       // in
  std::vector<double> values;  // [in, in]
};

// hessian.values[k] += 2 sum[k], in double. sum [in, in].
void add_twice(std::span<const float> sum, Hessian& hessian);

// tr(D H D^T) for D = weight - quantized, both [out, in]: what quantizing changes in the layer's
// outputs, squared, times 2 and averaged over tokens; smaller is better. The order of additions
// depends on shapes only. Throws std::invalid_argument on unequal dimensions.
double hessian_error(ThreadPool& pool, roste::cpu::MatrixView<const float> weight,
                     roste::cpu::MatrixView<const float> quantized, const Hessian& hessian);

// Adds up inputs of one layer. Products of a batch are taken in float32 where the activations are,
// as upstream does; batches are added on the host in double.
template <Backend B>
class HessianSum {
 public:
  explicit HessianSum(B& backend) : backend_(backend) {}

  // x [N, in]: N tokens as the layer multiplies them. `in` is that of the first call.
  void add(const Tensor<B>& x) {
    sum_.reshape(backend_, x.cols(), x.cols());
    fill_zero(backend_, sum_);
    matmul_tn_add(backend_, x, x, sum_);
    host_.resize(static_cast<std::size_t>(sum_.size()));
    copy_to_host<float>(backend_, sum_, host_);
    hessian_.size = x.cols();
    hessian_.values.resize(host_.size());
    add_twice(host_, hessian_);
    tokens_ += x.rows();
  }

  // 2/n sum x x^T over the n tokens seen, n > 0; the sum is given away.
  Hessian take_mean() {
    for (double& value : hessian_.values) value /= static_cast<double>(tokens_);
    tokens_ = 0;
    return std::exchange(hessian_, Hessian());
  }

 private:
  B& backend_;
  Tensor<B> sum_;            // [in, in] of one batch
  std::vector<float> host_;  // the same
  Hessian hessian_;
  std::int64_t tokens_ = 0;
};

}  // namespace trainer
