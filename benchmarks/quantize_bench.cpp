// Fake-quantization, packing and unpacking beside the machine's own limit in the same run: scaling
// a matrix out of place by plain stores, which reads and writes as much as fake-quantization must.
// Every result is checked before it is timed. "share" is the limit's time divided by the verb's: it
// exceeds 1 where a verb reads or writes less, and where it streams a large result past the caches.
#include <benchmark/benchmark.h>

#include <cmath>
#include <cstdint>
#include <cstring>
#include <vector>

#include "benchmarks/limits.h"
#include "benchmarks/measure.h"
#include "roste/cpu/quantize.h"
#include "roste/cpu/quantize_packed.h"

namespace {

using roste::cpu::Isa;
using roste::cpu::MatrixView;
using A4 = roste::Quantizer<roste::QuantSpec<4, roste::Asymmetric, roste::PerRow>>;

struct Matrices {
  Matrices(std::int64_t r, std::int64_t c)
      : rows(r),
        cols(c),
        x(static_cast<std::size_t>(r * c)),
        y(x),
        params(rows_of(r)),
        bytes(x.size() / 2) {
    for (std::size_t i = 0; i < x.size(); ++i) x[i] = std::sin(static_cast<float>(i % 9973));
  }
  static std::vector<roste::GroupParams> rows_of(std::int64_t r) {
    return std::vector<roste::GroupParams>(static_cast<std::size_t>(r));
  }
  MatrixView<const float> in() const { return {x.data(), rows, cols}; }
  MatrixView<float> out() { return {y.data(), rows, cols}; }
  MatrixView<std::uint8_t> packed() { return {bytes.data(), rows, cols / 2}; }

  std::int64_t rows, cols;
  std::vector<float> x, y;
  std::vector<roste::GroupParams> params;
  std::vector<std::uint8_t> bytes;
};

// Runs `verb` beside the limit and reports values per second and the share of the limit.
template <class Verb>
void race(benchmark::State& state, Matrices& m, Verb&& verb) {
  std::vector<double> ours, limit;
  for (auto _ : state) {
    limit.push_back(bench::time_once([&] { bench::scale(m.x, m.y); }));
    ours.push_back(bench::time_once(verb));
    state.SetIterationTime(ours.back());
  }
  const double values = static_cast<double>(m.x.size());
  state.counters["Gvalues/s"] = values / bench::median(ours) / 1e9;
  state.counters["limit GB/s"] = 8.0 * values / bench::median(limit) / 1e9;
  state.counters["share"] = bench::median(limit) / bench::median(ours);
}

// True when `isa` runs here and gives the values of the portable loops.
bool checked(benchmark::State& state, Matrices& m, Isa isa) {
  if (!roste::cpu::isa_supported(isa)) {
    state.SkipWithError("not on this processor");
    return false;
  }
  std::vector<float> expected(m.x.size());
  const MatrixView<float> view(expected.data(), m.rows, m.cols);
  roste::cpu::fake_quantize(A4(), m.in(), view, Isa::kPortable);
  roste::cpu::fake_quantize(A4(), m.in(), m.out(), isa);
  const std::size_t size = sizeof(float) * m.x.size();
  bool same = std::memcmp(expected.data(), m.y.data(), size) == 0;
  roste::cpu::quantize_packed(A4(), m.in(), m.params, m.packed(), isa);
  roste::cpu::dequantize_packed(A4(), m.packed(), m.params, m.out(), isa);
  same = same && std::memcmp(expected.data(), m.y.data(), size) == 0;
  if (!same) state.SkipWithError("differs from the portable loops");
  return same;
}

void fake_quantize(benchmark::State& state) {
  Matrices m(state.range(0), state.range(1));
  const Isa isa = static_cast<Isa>(state.range(2));
  if (!checked(state, m, isa)) return;
  race(state, m, [&] { roste::cpu::fake_quantize(A4(), m.in(), m.out(), isa); });
}

void quantize_packed(benchmark::State& state) {
  Matrices m(state.range(0), state.range(1));
  const Isa isa = static_cast<Isa>(state.range(2));
  if (!checked(state, m, isa)) return;
  race(state, m, [&] { roste::cpu::quantize_packed(A4(), m.in(), m.params, m.packed(), isa); });
}

void dequantize_packed(benchmark::State& state) {
  Matrices m(state.range(0), state.range(1));
  const Isa isa = static_cast<Isa>(state.range(2));
  if (!checked(state, m, isa)) return;
  race(state, m, [&] { roste::cpu::dequantize_packed(A4(), m.packed(), m.params, m.out(), isa); });
}

void shapes(benchmark::internal::Benchmark* b) {
  for (const int isa : {0, 1, 2}) b->Args({16, 1024, isa})->Args({4096, 4096, isa});
  b->ArgNames({"rows", "cols", "isa"})->UseManualTime()->Unit(benchmark::kMicrosecond);
}

BENCHMARK(fake_quantize)->Apply(shapes);
BENCHMARK(quantize_packed)->Apply(shapes);
BENCHMARK(dequantize_packed)->Apply(shapes);

}  // namespace
