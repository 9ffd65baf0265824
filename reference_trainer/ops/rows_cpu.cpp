#include <algorithm>
#include <stdexcept>
#include <string>

#include "reference_trainer/ops/rows.h"

namespace trainer {
namespace {

void check_row(std::int64_t row, std::int64_t rows) {
  if (row < 0 || row >= rows) {
    throw std::out_of_range("row " + std::to_string(row) + " of a matrix of " +
                            std::to_string(rows) + " rows");
  }
}

}  // namespace

void gather_rows(Cpu& cpu, const Tensor<Cpu>& x, std::span<const std::int64_t> rows,
                 Tensor<Cpu>& y) {
  y.reshape(cpu, static_cast<std::int64_t>(rows.size()), x.cols());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    check_row(rows[i], x.rows());
    std::copy_n(x.data() + rows[i] * x.cols(), x.cols(),
                y.data() + static_cast<std::int64_t>(i) * x.cols());
  }
}

void scatter_rows(Cpu&, const Tensor<Cpu>& x, std::span<const std::int64_t> rows, Tensor<Cpu>& y) {
  for (std::size_t i = 0; i < rows.size(); ++i) {
    check_row(rows[i], y.rows());
    std::copy_n(x.data() + static_cast<std::int64_t>(i) * x.cols(), x.cols(),
                y.data() + rows[i] * y.cols());
  }
}

}  // namespace trainer
