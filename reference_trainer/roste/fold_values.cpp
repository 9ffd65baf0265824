#include "reference_trainer/roste/fold_values.h"

#include <vector>

namespace trainer {

void absorb_gain(std::span<const double> gain, DoubleMatrix w) {
  for (std::int64_t r = 0; r < w.rows; ++r) {
    double* row = w.row(r);
    for (std::int64_t c = 0; c < w.cols; ++c) row[c] *= gain[static_cast<std::size_t>(c)];
  }
}

void absorb_shift(std::span<const double> shift, DoubleMatrix w, std::span<double> bias) {
  for (std::int64_t r = 0; r < w.rows; ++r) {
    const double* row = w.row(r);
    double sum = bias[static_cast<std::size_t>(r)];
    for (std::int64_t c = 0; c < w.cols; ++c) sum += row[c] * shift[static_cast<std::size_t>(c)];
    bias[static_cast<std::size_t>(r)] = sum;
  }
}

void centre_rows(DoubleMatrix x) {
  for (std::int64_t r = 0; r < x.rows; ++r) {
    const std::span row(x.row(r), static_cast<std::size_t>(x.cols));
    double mean = 0;
    for (const double v : row) mean += v / static_cast<double>(x.cols);
    for (double& v : row) v -= mean;
  }
}

void centre_columns(DoubleMatrix w) {
  std::vector<double> mean(static_cast<std::size_t>(w.cols), 0.0);
  for (std::int64_t r = 0; r < w.rows; ++r) {
    for (std::int64_t c = 0; c < w.cols; ++c)
      mean[static_cast<std::size_t>(c)] += w.row(r)[c] / static_cast<double>(w.rows);
  }
  for (std::int64_t r = 0; r < w.rows; ++r) {
    for (std::int64_t c = 0; c < w.cols; ++c) w.row(r)[c] -= mean[static_cast<std::size_t>(c)];
  }
}

}  // namespace trainer
