// Integer products of quantized activations and weights: codes times codes, floats quantized on the
// way, one token against weights from memory, and the preparation of weights. One core:
// taskset -c 0 multiply_bench
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

#include "benchmarks/limits.h"
#include "benchmarks/measure.h"
#include "roste/cpu/multiply.h"

namespace {

using namespace roste;

Scheme activations(int bits) { return {make_grid(RangeRule::kZeroIncluded, bits), {}}; }
Scheme weights(int bits, std::int64_t group = 0) {
  const Grouping rows, groups{Grouping::Kind::kGroup, group};
  return {make_grid(RangeRule::kSymmetric, bits), group == 0 ? rows : groups};
}

// A quantized matrix [rows, cols] of normal numbers.
struct Matrix {
  Matrix(Scheme how, std::int64_t row_count, std::int64_t col_count, unsigned seed)
      : scheme(how),
        rows(row_count),
        cols(col_count),
        values(bench::normal_values(rows * cols, seed)),
        codes(values.size()),
        params(static_cast<std::size_t>(group_layout(how.grouping, rows, cols).count)) {
    cpu::quantize(scheme, floats(), params,
                  cpu::MatrixView<std::int16_t>(codes.data(), rows, cols));
    bytes.assign(codes.begin(), codes.end());
  }
  cpu::MatrixView<const float> floats() const { return {values.data(), rows, cols}; }
  cpu::Quantized<std::uint8_t> quantized() const {
    return {scheme, {bytes.data(), rows, cols}, params};
  }

  Scheme scheme;
  std::int64_t rows, cols;
  std::vector<float> values;
  std::vector<std::int16_t> codes;
  std::vector<std::uint8_t> bytes;  // the codes again, where they are not negative
  std::vector<GroupParams> params;
};

// The definition in 64 bits, for weights with one scale per row.
float expected(const Matrix& x, std::int64_t m, const Matrix& w, std::int64_t n) {
  const GroupParams x_params = x.params[static_cast<std::size_t>(m)];
  std::int64_t sum = 0;
  for (std::int64_t k = 0; k < x.cols; ++k) {
    sum += (x.codes[static_cast<std::size_t>(m * x.cols + k)] - x_params.zero) *
           w.codes[static_cast<std::size_t>(n * w.cols + k)];
  }
  return static_cast<float>(sum) * x_params.scale * w.params[static_cast<std::size_t>(n)].scale;
}

void check(const Matrix& x, const Matrix& w, const std::vector<float>& y) {
  for (std::int64_t m = 0; m < x.rows; m += 7) {
    for (std::int64_t n = m % 61; n < w.rows; n += 61) {
      bench::require(y[static_cast<std::size_t>(m * w.rows + n)] == expected(x, m, w, n),
                     "a product");
    }
  }
}

// The best of several: a short measurement on a shared machine is easily too low.
double dot_peak() {
  double peak = 0;
  for (int i = 0; i < 9; ++i) peak = std::max(peak, bench::dot_peak());
  return peak;
}

// Runs `multiply`, which writes y := x w^T, and reports its speed and share of the peak.
template <class Multiply>
void run_product(benchmark::State& state, const Matrix& x, const Matrix& w, std::vector<float>& y,
                 Multiply&& multiply) {
  multiply();
  check(x, w, y);
  for (auto _ : state) {
    multiply();
    benchmark::ClobberMemory();
  }
  const double operations = 2.0 * static_cast<double>(x.rows * w.rows * x.cols);
  using benchmark::Counter;
  state.counters["OP/s"] = Counter(operations, Counter::kIsIterationInvariantRate);
  if (const double peak = dot_peak(); peak > 0) {
    state.counters["of vpdpbusd"] = Counter(operations / peak, Counter::kIsIterationInvariantRate);
  }
}

// Shapes of a square, of linear layers on 128 tokens and of a small model, and the bits of x and w.
void shapes(benchmark::internal::Benchmark* b) {
  b->ArgNames({"m", "n", "k", "x bits", "w bits"})->Unit(benchmark::kMicrosecond);
  for (const std::int64_t bits : {4, 8}) {
    b->Args({1024, 1024, 1024, bits, bits})->Args({2048, 2048, 2048, bits, bits});
    b->Args({128, 4096, 4096, bits, bits})->Args({1024, 256, 256, bits, bits});
  }
  b->Args({1024, 1024, 256, 4, 4})->Args({1024, 256, 1024, 4, 4});
}

// By a method of the benchmark's choice, or by the one that the library takes.
void codes(benchmark::State& state, std::optional<cpu::ProductMethod> method) {
  const Matrix x(activations(static_cast<int>(state.range(3))), state.range(0), state.range(2), 1);
  const Matrix w(weights(static_cast<int>(state.range(4))), state.range(1), state.range(2), 2);
  const cpu::ProductWeights prepared(cpu::ToQuantize{w.scheme, w.floats()});
  std::vector<float> y(static_cast<std::size_t>(x.rows * w.rows));
  cpu::ProductWorkspace workspace;
  workspace.method = method;
  run_product(state, x, w, y, [&] {
    cpu::multiply(x.quantized(), prepared, {}, cpu::MatrixView<float>(y.data(), x.rows, w.rows),
                  workspace);
  });
}
BENCHMARK_CAPTURE(codes, by_default, std::nullopt)->Apply(shapes);
BENCHMARK_CAPTURE(codes, plain, cpu::ProductMethod::kPlain)->Apply(shapes);
BENCHMARK_CAPTURE(codes, paired, cpu::ProductMethod::kPaired)->Apply(shapes);

void floats_quantized_on_the_way(benchmark::State& state) {
  const Matrix x(activations(static_cast<int>(state.range(3))), state.range(0), state.range(2), 1);
  const Matrix w(weights(static_cast<int>(state.range(4))), state.range(1), state.range(2), 2);
  const cpu::ProductWeights prepared(cpu::ToQuantize{w.scheme, w.floats()});
  std::vector<float> y(static_cast<std::size_t>(x.rows * w.rows));
  cpu::ProductWorkspace workspace;
  run_product(state, x, w, y, [&] {
    cpu::multiply(cpu::ToQuantize{x.scheme, x.floats()}, prepared, {},
                  cpu::MatrixView<float>(y.data(), x.rows, w.rows), workspace);
  });
}
BENCHMARK(floats_quantized_on_the_way)->Apply(shapes);

// One token times weights that are in memory, not in a cache: 16 matrices take turns.
void one_token_cold_weights(benchmark::State& state) {
  const std::int64_t size = 4096, copies = 16;
  const Matrix x(activations(4), 1, size, 1), w(weights(4, state.range(0)), size, size, 2);
  const std::vector<cpu::ProductWeights> all(copies, cpu::ProductWeights({w.scheme, w.floats()}));
  std::vector<float> y(static_cast<std::size_t>(size));
  cpu::ProductWorkspace workspace;
  std::size_t turn = 0;
  const auto multiply = [&] {
    cpu::multiply(x.quantized(), all[turn++ % copies], {},
                  cpu::MatrixView<float>(y.data(), 1, size), workspace);
  };
  multiply();
  if (state.range(0) == 0) check(x, w, y);
  for (auto _ : state) multiply();
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(all[0].bytes()));
}
BENCHMARK(one_token_cold_weights)
    ->ArgName("group")
    ->Arg(0)
    ->Arg(128)
    ->Unit(benchmark::kMicrosecond);

// What a training step does to every weight: scales, codes, panels.
void prepare_weights(benchmark::State& state) {
  const Matrix w(weights(4), state.range(0), state.range(1), 1), x(activations(4), 3, w.cols, 2);
  cpu::ProductWeights prepared;
  cpu::ProductWorkspace workspace;
  prepared.quantize({w.scheme, w.floats()}, workspace);
  std::vector<float> y(static_cast<std::size_t>(x.rows * w.rows));
  cpu::multiply(x.quantized(), prepared, {}, cpu::MatrixView<float>(y.data(), x.rows, w.rows));
  check(x, w, y);
  for (auto _ : state) prepared.quantize({w.scheme, w.floats()}, workspace);
  state.SetItemsProcessed(state.iterations() * w.rows * w.cols);
}
BENCHMARK(prepare_weights)->ArgNames({"n", "k"})->Args({1024, 256})->Args({256, 1024});

}  // namespace
