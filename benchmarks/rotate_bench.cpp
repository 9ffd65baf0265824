// Rotations: time per value, and the share of what scaling the same rows in place reaches.
// One core: taskset -c 0 rotate_bench
#include <benchmark/benchmark.h>

#include <cmath>
#include <string>
#include <vector>

#include "benchmarks/limits.h"
#include "benchmarks/measure.h"
#include "roste/cpu/rotate.h"
#include "roste/cpu/rotate_quantize.h"
#include "roste/cpu/walsh_hadamard.h"

namespace {

using roste::Rotation;
using roste::cpu::Isa;
using Rows = roste::cpu::MatrixView<float>;

// Values of a run: powers of two, then sizes of models that have a base.
const std::vector<std::int64_t> kSizes = {64, 128, 256, 512, 1024, 2048, 4096,  8192,  16384, 32768,
                                          80, 96,  768, 896, 1536, 4864, 11008, 14336, 18944};
constexpr std::int64_t kCached = 4096;          // values in all: 16 KiB, but at least one run
constexpr std::int64_t kInMemory = 16'777'216;  // 64 MiB

struct Data {
  Data(std::int64_t d, std::int64_t count)
      : rows(std::max<std::int64_t>(1, count / d)),
        cols(d),
        values(bench::normal_values((rows * d + 63) / 64 * 64)) {}
  Rows view() { return {values.data(), rows, cols}; }

  std::int64_t rows, cols;
  std::vector<float> values;
};

// Rates, and the share of scaling in place, which is measured between the runs of `verb`.
template <class Verb>
void report(benchmark::State& state, Data& data, Verb&& verb) {
  for (auto _ : state) {
    verb();
    benchmark::ClobberMemory();
  }
  const double ratio = bench::time_ratio([&] { bench::scale(data.values, data.values); }, verb, 15);
  const std::int64_t count = state.iterations() * data.rows * data.cols;
  state.SetItemsProcessed(count);
  state.SetBytesProcessed(count * 8);  // read and written
  state.counters["share_of_scaling"] = ratio;
}

// Orthogonal transforms keep values at their size, however often they are repeated.
void check_rotation(const Rotation& rotation, Isa isa) {
  Data portable(rotation.size(), 2 * rotation.size()), fast = portable;
  roste::cpu::rotate_rows(rotation, portable.view(), Isa::kPortable);
  roste::cpu::rotate_rows(rotation, fast.view(), isa);
  bench::require(fast.values == portable.values, "a rotation differs from the portable one");
}

void rotate_rows(benchmark::State& state, Isa isa, std::int64_t count) {
  if (!roste::cpu::isa_supported(isa)) return state.SkipWithError("not on this processor");
  const Rotation rotation = Rotation::hadamard(state.range(0), 1);
  check_rotation(rotation, isa);
  Data data(rotation.size(), count);
  std::vector<float> workspace(static_cast<std::size_t>(roste::cpu::rotate_workspace(rotation)));
  report(state, data,
         [&] { roste::cpu::rotate_rows(rotation, data.view(), data.view(), workspace, isa); });
}

void rotate_columns(benchmark::State& state, Isa isa) {
  if (!roste::cpu::isa_supported(isa)) return state.SkipWithError("not on this processor");
  const Rotation rotation = Rotation::hadamard(state.range(0), 1);
  Data data(896, 896 * rotation.size());  // a weight [d, 896]
  Data expected = data;
  roste::cpu::rotate_columns(rotation, expected.view(), Isa::kPortable);
  roste::cpu::rotate_columns(rotation, data.view(), isa);
  bench::require(data.values == expected.values, "columns differ from the portable ones");
  std::vector<float> workspace(
      static_cast<std::size_t>(roste::cpu::rotate_columns_workspace(rotation)));
  report(state, data,
         [&] { roste::cpu::rotate_columns(rotation, data.view(), data.view(), workspace, isa); });
}

// Unnormalised: zeros stay zeros however often they are transformed.
void walsh_hadamard(benchmark::State& state, Isa isa, std::int64_t count) {
  if (!roste::cpu::isa_supported(isa)) return state.SkipWithError("not on this processor");
  Data data(state.range(0), count), expected = data;
  roste::cpu::walsh_hadamard_rows(expected.view(), expected.view(), Isa::kPortable);
  roste::cpu::walsh_hadamard_rows(data.view(), data.view(), isa);
  bench::require(data.values == expected.values, "a transform differs from the portable one");
  std::fill(data.values.begin(), data.values.end(), 0.0f);
  report(state, data, [&] { roste::cpu::walsh_hadamard_rows(data.view(), data.view(), isa); });
}

// To packed codes of 4 bits, asymmetric per row; the limit reads and writes all values, which this
// verb does not.
void rotate_quantize(benchmark::State& state, std::int64_t count) {
  const roste::Scheme scheme =
      roste::Quantizer<roste::QuantSpec<4, roste::Asymmetric, roste::PerRow>>();
  const Rotation rotation = Rotation::hadamard(state.range(0), 1);
  Data data(rotation.size(), count);
  std::vector<roste::GroupParams> params(static_cast<std::size_t>(data.rows)),
      expected_params = params;
  std::vector<std::uint8_t> bytes(static_cast<std::size_t>(data.rows * data.cols / 2)),
      expected = bytes;
  std::vector<float> workspace(
      static_cast<std::size_t>(roste::cpu::rotate_quantize_workspace(rotation, data.cols)));
  const roste::cpu::MatrixView<std::uint8_t> out(bytes.data(), data.rows, data.cols / 2);
  const auto run = [&] {
    roste::cpu::rotate_quantize_packed(rotation, scheme, data.view(), params, out,
                                       roste::cpu::RotateWithin{workspace});
  };
  run();
  Data rotated = data;
  roste::cpu::rotate_rows(rotation, rotated.view(), Isa::kPortable);
  roste::cpu::quantize_packed(
      scheme, rotated.view(), std::span(expected_params),
      roste::cpu::MatrixView<std::uint8_t>(expected.data(), data.rows, data.cols / 2),
      Isa::kPortable);
  bench::require(bytes == expected, "one pass differs from two");
  report(state, data, run);
}

void each_size(benchmark::internal::Benchmark* b) {
  for (const std::int64_t d : kSizes) b->Arg(d);
  b->ArgName("d");
}

void powers_of_two(benchmark::internal::Benchmark* b) {
  for (std::int64_t d = 64; d <= 32768; d *= 2) b->Arg(d);
  b->ArgName("d");
}

BENCHMARK_CAPTURE(walsh_hadamard, cached_avx512, Isa::kAvx512, kCached)->Apply(powers_of_two);
BENCHMARK_CAPTURE(walsh_hadamard, cached_avx2, Isa::kAvx2, kCached)->Apply(powers_of_two);
BENCHMARK_CAPTURE(walsh_hadamard, memory_avx512, Isa::kAvx512, kInMemory)->Apply(powers_of_two);
BENCHMARK_CAPTURE(rotate_rows, cached_avx512, Isa::kAvx512, kCached)->Apply(each_size);
BENCHMARK_CAPTURE(rotate_rows, cached_avx2, Isa::kAvx2, kCached)->Apply(each_size);
BENCHMARK_CAPTURE(rotate_rows, cached_portable, Isa::kPortable, kCached)->Apply(each_size);
BENCHMARK_CAPTURE(rotate_rows, memory_avx512, Isa::kAvx512, kInMemory)->Apply(each_size);
BENCHMARK_CAPTURE(rotate_columns, avx512, Isa::kAvx512)
    ->ArgName("d")
    ->Arg(896)
    ->Arg(1024)
    ->Arg(4864);
BENCHMARK_CAPTURE(rotate_columns, avx2, Isa::kAvx2)->ArgName("d")->Arg(896)->Arg(1024)->Arg(4864);
BENCHMARK_CAPTURE(rotate_quantize, cached, kCached)->ArgName("d")->Arg(1024)->Arg(4096);
BENCHMARK_CAPTURE(rotate_quantize, memory, kInMemory)
    ->ArgName("d")
    ->Arg(1024)
    ->Arg(4096)
    ->Arg(14336);

}  // namespace
