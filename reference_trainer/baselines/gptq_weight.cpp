#include "reference_trainer/baselines/gptq_weight.h"

#include <algorithm>
#include <stdexcept>
#include <string>

#include "reference_trainer/baselines/hessian_maps.h"
#include "reference_trainer/ops/quant_scheme.h"

namespace trainer {
namespace {

using WeightView = roste::cpu::MatrixView<const float>;

// What all tiles read.
struct Rounding {
  const ErrorFeedback& feedback;
  ConstDoubleMap factor;
  roste::CodeRange codes;
  std::int64_t block_size;
  WeightView weight;
};

// Rows of the result that belong to one task.
struct RowTile {
  std::int64_t first, rows;
};

void check_arguments(const GptqSettings& settings, const ErrorFeedback& feedback,
                     WeightView weight) {
  if (settings.block_size < 1) {
    throw std::invalid_argument("GPTQ in blocks of " + std::to_string(settings.block_size) +
                                " columns; expected at least 1");
  }
  if (feedback.order.size() != static_cast<std::size_t>(weight.cols)) {
    throw std::invalid_argument("GPTQ of a weight with " + std::to_string(weight.cols) +
                                " inputs and a Hessian of side " +
                                std::to_string(feedback.order.size()));
  }
}

double original(const Rounding& job, std::int64_t row, std::int64_t column) {
  const bool dead = job.feedback.dead[static_cast<std::size_t>(column)] != 0;
  return dead ? 0.0 : static_cast<double>(job.weight.row(row)[column]);
}

// Rounds the k-th column from its updated values [rows] and leaves w - q in `error`.
template <class Values, class Errors>
void round_column(const Rounding& job, RowTile tile, std::int64_t k, const Values& updated,
                  Errors&& error, GptqWeight& out) {
  const std::int64_t column = job.feedback.order[static_cast<std::size_t>(k)];
  for (std::int64_t r = 0; r < tile.rows; ++r) {
    const std::int64_t row = tile.first + r;
    const auto place = static_cast<std::size_t>(row * job.weight.cols + column);
    const roste::GroupParams params = out.params[static_cast<std::size_t>(row)];
    const std::int32_t code = roste::encode(static_cast<float>(updated(r)), params, job.codes);
    out.codes[place] = static_cast<std::int16_t>(code);
    out.values[place] = roste::decode(code, params);
    error(r) = original(job, row, column) - static_cast<double>(out.values[place]);
  }
}

// The original values of the `width` columns from the first-th on, plus what the columns before
// them, whose errors are in the left of `errors`, pass on.
Eigen::MatrixXd updated_block(const Rounding& job, RowTile tile, std::int64_t first,
                              std::int64_t width, const Eigen::MatrixXd& errors) {
  Eigen::MatrixXd block(tile.rows, width);
  for (std::int64_t c = 0; c < width; ++c) {
    const std::int64_t column = job.feedback.order[static_cast<std::size_t>(first + c)];
    for (std::int64_t r = 0; r < tile.rows; ++r)
      block(r, c) = original(job, tile.first + r, column);
  }
  block.noalias() += errors.leftCols(first) * job.factor.block(0, first, first, width);
  return block;
}

void round_tile(const Rounding& job, RowTile tile, GptqWeight& out) {
  const std::int64_t n = job.weight.cols;
  Eigen::MatrixXd errors(tile.rows, n);  // w - q, by order of rounding
  for (std::int64_t first = 0; first < n; first += job.block_size) {
    const std::int64_t width = std::min(job.block_size, n - first);
    Eigen::MatrixXd block = updated_block(job, tile, first, width, errors);
    for (std::int64_t c = 0; c < width; ++c) {
      const std::int64_t k = first + c;
      block.col(c).noalias() += errors.middleCols(first, c) * job.factor.col(k).segment(first, c);
      round_column(job, tile, k, block.col(c), errors.col(k), out);
    }
  }
}

}  // namespace

GptqWeight gptq_weight(ThreadPool& pool, const GptqSettings& settings,
                       const QuantizerSettings& quantizer, const ErrorFeedback& feedback,
                       WeightView weight) {
  check_arguments(settings, feedback, weight);
  const auto size = static_cast<std::size_t>(weight.rows * weight.cols);
  GptqWeight out{std::vector<std::int16_t>(size),
                 fit_weight(pool, quantizer, settings.clip, weight), std::vector<float>(size)};
  const Rounding job{feedback, square(feedback.factor, weight.cols),
                     scheme_of(quantizer, weight.cols).grid.codes, settings.block_size, weight};
  const std::int64_t tiles = (weight.rows + kHessianTileRows - 1) / kHessianTileRows;
  pool.parallel_for(tiles, [&](std::int64_t tile) {
    const std::int64_t first = tile * kHessianTileRows;
    round_tile(job, {first, std::min(kHessianTileRows, weight.rows - first)}, out);
  });
  return out;
}

}  // namespace trainer
