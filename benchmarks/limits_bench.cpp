// This machine's limits: copying, scaling and reading memory of several sizes, fused multiply-adds
// and vpdpbusd on registers. One core: taskset -c 0 limits_bench
#include <benchmark/benchmark.h>

#include <cstring>

#include "benchmarks/limits.h"
#include "benchmarks/measure.h"

namespace {

// In the first-level cache, in the second-level cache, in the last level, in memory.
void sizes(benchmark::internal::Benchmark* b) {
  for (const std::int64_t kib : {16, 256, 4096, 262'144}) b->Arg(kib);
  b->ArgName("KiB");
}

std::int64_t values(const benchmark::State& state) { return state.range(0) * 256; }

// passes: how often every value crosses between core and memory, reads and writes.
void count_bytes(benchmark::State& state, int passes) {
  state.SetBytesProcessed(state.iterations() * state.range(0) * 1024 * passes);
}

void copy(benchmark::State& state) {
  const std::vector<float> x = bench::normal_values(values(state));
  std::vector<float> y(x.size());
  const auto run = [&] { std::memcpy(y.data(), x.data(), x.size() * sizeof(float)); };
  run();
  bench::require(y == x, "a copy");
  for (auto _ : state) {
    run();
    benchmark::ClobberMemory();
  }
  count_bytes(state, 2);
}
BENCHMARK(copy)->Apply(sizes);

void scale_out_of_place(benchmark::State& state) {
  const std::vector<float> x = bench::normal_values(values(state));
  std::vector<float> y(x.size());
  bench::scale(x, y);
  for (std::size_t i = 0; i < x.size(); ++i) bench::require(y[i] == x[i] * 1.0001f, "scaling");
  for (auto _ : state) {
    bench::scale(x, y);
    benchmark::ClobberMemory();
  }
  count_bytes(state, 2);
}
BENCHMARK(scale_out_of_place)->Apply(sizes);

void scale_in_place(benchmark::State& state) {
  std::vector<float> x = bench::normal_values(values(state));
  const float first = x[0];
  bench::scale(x, x);
  bench::require(x[0] == first * 1.0001f, "scaling in place");
  for (auto _ : state) {
    bench::scale(x, x);
    benchmark::ClobberMemory();
  }
  count_bytes(state, 2);
}
BENCHMARK(scale_in_place)->Apply(sizes);

void read(benchmark::State& state) {
  const std::vector<float> x = bench::normal_values(values(state));
  bench::require(bench::read_all(x) == *std::max_element(x.begin(), x.end()), "the largest value");
  for (auto _ : state) benchmark::DoNotOptimize(bench::read_all(x));
  count_bytes(state, 1);
}
BENCHMARK(read)->Apply(sizes);

void in_registers(benchmark::State& state, double (*peak)()) {
  std::vector<double> rates;
  for (auto _ : state) rates.push_back(peak());
  state.counters["op/s"] = bench::median(rates);
}
BENCHMARK_CAPTURE(in_registers, fma_fp32, bench::fma_peak);
BENCHMARK_CAPTURE(in_registers, vpdpbusd_int8, bench::dot_peak);

}  // namespace
