#include "reference_trainer/baselines/hessian.h"

#include <algorithm>
#include <stdexcept>
#include <string>

#include "reference_trainer/baselines/hessian_maps.h"

namespace trainer {
namespace {

using WeightView = roste::cpu::MatrixView<const float>;

void check_shapes(WeightView weight, WeightView quantized, const Hessian& hessian) {
  if (weight.rows == quantized.rows && weight.cols == quantized.cols && weight.cols == hessian.size)
    return;
  throw std::invalid_argument(
      "hessian_error: a " + std::to_string(weight.rows) + " x " + std::to_string(weight.cols) +
      " weight, a " + std::to_string(quantized.rows) + " x " + std::to_string(quantized.cols) +
      " one, and a Hessian of side " + std::to_string(hessian.size));
}

Eigen::MatrixXd difference(WeightView a, WeightView b, std::int64_t first, std::int64_t rows) {
  Eigen::MatrixXd d(rows, a.cols);
  for (std::int64_t r = 0; r < rows; ++r) {
    const float* x = a.row(first + r);
    const float* y = b.row(first + r);
    for (std::int64_t c = 0; c < a.cols; ++c)
      d(r, c) = static_cast<double>(x[c]) - static_cast<double>(y[c]);
  }
  return d;
}

// tr(D H D^T) from the upper half of H.
double quadratic_form(const Eigen::MatrixXd& d, const ConstDoubleMap& h) {
  const Eigen::MatrixXd above = d * h.triangularView<Eigen::StrictlyUpper>();
  const Eigen::VectorXd squares = d.colwise().squaredNorm();
  return 2 * above.cwiseProduct(d).sum() + squares.dot(h.diagonal());
}

}  // namespace

void add_twice(std::span<const float> sum, Hessian& hessian) {
  for (std::size_t k = 0; k < sum.size(); ++k) hessian.values[k] += 2 * static_cast<double>(sum[k]);
}

double hessian_error(ThreadPool& pool, WeightView weight, WeightView quantized,
                     const Hessian& hessian) {
  check_shapes(weight, quantized, hessian);
  const ConstDoubleMap h = square(hessian.values, hessian.size);
  const std::int64_t tiles = (weight.rows + kHessianTileRows - 1) / kHessianTileRows;
  std::vector<double> errors(static_cast<std::size_t>(tiles));
  pool.parallel_for(tiles, [&](std::int64_t tile) {
    const std::int64_t first = tile * kHessianTileRows;
    const std::int64_t rows = std::min(kHessianTileRows, weight.rows - first);
    errors[static_cast<std::size_t>(tile)] =
        quadratic_form(difference(weight, quantized, first, rows), h);
  });
  double total = 0;
  for (const double error : errors) total += error;
  return total;
}

}  // namespace trainer
