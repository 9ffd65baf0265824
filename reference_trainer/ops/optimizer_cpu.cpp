#include "reference_trainer/ops/optimizer.h"

#include <array>
#include <numeric>
#include <vector>

#include "reference_trainer/ops/adamw_values.h"
#include "reference_trainer/ops/cpu_chunks.h"

namespace trainer {
namespace {

// Sixteen running sums in a fixed pattern: the compiler keeps them in vector registers.
double sum_of_squares_of_range(const float* x, std::int64_t begin, std::int64_t end) {
  constexpr std::int64_t kLanes = 16;
  std::array<double, kLanes> sums{};
  std::int64_t i = begin;
  for (; i + kLanes <= end; i += kLanes) {
    for (std::int64_t lane = 0; lane < kLanes; ++lane) {
      const double value = x[i + lane];
      sums[lane] += value * value;
    }
  }
  for (; i < end; ++i) sums[i % kLanes] += static_cast<double>(x[i]) * x[i];
  return std::accumulate(sums.begin(), sums.end(), 0.0);
}

}  // namespace

void adamw_update(Cpu& cpu, const AdamWStep& settings, const Tensor<Cpu>& g,
                  const AdamWState<Cpu>& state, Tensor<Cpu>& w) {
  require_same_shape("adamw_update: shape of g against w", g, w);
  require_same_shape("adamw_update: shape of m against w", state.m, w);
  require_same_shape("adamw_update: shape of v against w", state.v, w);
  const AdamWFactors factors = factors_of(settings);
  const AdamWValues values{g.data(), state.m.data(), state.v.data(), w.data()};
  for_chunks(cpu, w.size(), kValuesPerChunk, [&](std::int64_t begin, std::int64_t end) {
    update_range(factors, values, begin, end);
  });
}

double sum_of_squares(Cpu& cpu, const Tensor<Cpu>& x) {
  std::vector<double> partial((x.size() + kValuesPerChunk - 1) / kValuesPerChunk);
  for_chunks(cpu, x.size(), kValuesPerChunk, [&](std::int64_t begin, std::int64_t end) {
    partial[begin / kValuesPerChunk] = sum_of_squares_of_range(x.data(), begin, end);
  });
  return std::accumulate(partial.begin(), partial.end(), 0.0);
}

}  // namespace trainer
