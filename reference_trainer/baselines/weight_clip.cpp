#include "reference_trainer/baselines/weight_clip.h"

#include <algorithm>

#include "reference_trainer/ops/quant_scheme.h"
#include "roste/core/non_finite.h"
#include "roste/cpu/clip_search.h"

namespace trainer {
namespace {

using WeightView = roste::cpu::MatrixView<const float>;

// Rows of a task; every row is a group of its own, so no result depends on this number.
constexpr std::int64_t kRowsPerTask = 16;

void fit_rows(const roste::Scheme& scheme, WeightClip clip, WeightView rows,
              std::span<roste::GroupParams> params) {
  if (clip == WeightClip::kMse) {
    roste::cpu::search_clip(scheme, rows, params);
  } else {
    roste::cpu::fit(scheme, rows, params);
  }
}

}  // namespace

std::vector<roste::GroupParams> fit_weight(ThreadPool& pool, const QuantizerSettings& settings,
                                           WeightClip clip, WeightView weight) {
  const roste::Scheme scheme = scheme_of(settings, weight.cols);
  std::vector<roste::GroupParams> params(static_cast<std::size_t>(weight.rows));
  const std::int64_t tasks = (weight.rows + kRowsPerTask - 1) / kRowsPerTask;
  pool.parallel_for(tasks, [&](std::int64_t task) {
    const std::int64_t first = task * kRowsPerTask;
    const std::int64_t count = std::min(kRowsPerTask, weight.rows - first);
    const auto part =
        std::span(params).subspan(static_cast<std::size_t>(first), static_cast<std::size_t>(count));
    try {
      fit_rows(scheme, clip, {weight.row(first), count, weight.cols, weight.stride}, part);
    } catch (const roste::NonFiniteError& error) {
      throw error.below(first);
    }
  });
  return params;
}

void round_weight(const QuantizerSettings& settings, std::span<const roste::GroupParams> params,
                  WeightView weight, roste::cpu::MatrixView<float> rounded) {
  const roste::Scheme scheme = scheme_of(settings, weight.cols);
  std::vector<std::int16_t> codes(static_cast<std::size_t>(weight.rows * weight.cols));
  const roste::cpu::MatrixView<std::int16_t> code_view(codes.data(), weight.rows, weight.cols);
  roste::cpu::encode(scheme, weight, params, code_view);
  roste::cpu::dequantize(scheme, code_view, params, rounded);
}

}  // namespace trainer
