// The quantized KV cache beside plain loops over an fp32 one: 4096 tokens of 128 values a head. So
// many heads take turns that neither cache stays in the last level. One core: taskset -c 0
// kv_cache_bench
#include <benchmark/benchmark.h>

#include <cmath>
#include <span>
#include <vector>

#include "benchmarks/measure.h"
#include "roste/cpu/kv_cache.h"
#include "roste/cpu/quantize.h"

namespace {

using Cache =
    roste::cpu::KvCache<roste::QuantSpec<4, roste::Asymmetric, roste::PerGroup<roste::kDynamic>>>;

constexpr std::int64_t kTokens = 4096, kHeadDim = 128, kHeads = 64;
constexpr int kLanes = 64;  // sums at once, as many as four registers of 16 hold

// scores[t] = query . row t of keys [tokens, 128]
void float_scores(const float* query, const float* keys, std::span<float> scores) {
  for (std::size_t t = 0; t < scores.size(); ++t, keys += kHeadDim) {
    float sums[kLanes] = {};
    for (int i = 0; i < kHeadDim; i += kLanes) {
      for (int l = 0; l < kLanes; ++l) sums[l] += query[i + l] * keys[i + l];
    }
    for (int half = kLanes / 2; half > 0; half /= 2) {
      for (int l = 0; l < half; ++l) sums[l] += sums[l + half];
    }
    scores[t] = sums[0];
  }
}

// out = sum over t of weights[t] row t of values [tokens, 128]
void float_weighted_sum(std::span<const float> weights, const float* values, float* out) {
  float sums[kHeadDim] = {};
  for (const float weight : weights) {
    for (int i = 0; i < kHeadDim; ++i) sums[i] += weight * values[i];
    values += kHeadDim;
  }
  std::copy(sums, sums + kHeadDim, out);
}

// The same values twice: in a cache, and as floats [heads, tokens, 128] that are what it holds.
struct Caches {
  Caches() : quantized({kHeads, kHeadDim}, kTokens), query(bench::normal_values(kHeadDim, 2)) {
    const std::vector<float> x = bench::normal_values(kTokens * kHeads * kHeadDim);
    quantized.append(roste::cpu::MatrixView<const float>(x.data(), kTokens, kHeads * kHeadDim));
    floats.resize(x.size());
    for (std::int64_t head = 0; head < kHeads; ++head) {
      quantized.read(head, 0, roste::cpu::MatrixView<float>(of(head), kTokens, kHeadDim));
    }
  }
  float* of(std::int64_t head) { return floats.data() + head * kTokens * kHeadDim; }

  Cache quantized;
  std::vector<float> floats, query;
};

// Tolerances: far above what 128 and 4096 roundings of 2^-24 add up to, far below the sums
// themselves, which are of the order of 10 and of 700.
void check(Caches& caches) {
  std::vector<float> scores(kTokens), expected(kTokens), out(kHeadDim), expected_out(kHeadDim);
  caches.quantized.dot(3, caches.query, scores);
  float_scores(caches.query.data(), caches.of(3), expected);
  bench::require(bench::largest_difference(scores, expected) < 1e-3, "scores are wrong");
  caches.quantized.weighted_sum(3, scores, out);
  float_weighted_sum(scores, caches.of(3), expected_out.data());
  bench::require(bench::largest_difference(out, expected_out) < 1.0, "weighted sums are wrong");
}

// Time of a head, and how many times as long the fp32 loop takes.
template <class Quantized, class Floats>
void race(benchmark::State& state, Quantized&& quantized, Floats&& floats) {
  std::int64_t head = 0;
  for (auto _ : state) quantized(head++ % kHeads);
  std::int64_t ours = 0, theirs = 0;
  state.counters["fp32_over_ours"] = bench::time_ratio([&] { floats(theirs++ % kHeads); },
                                                       [&] { quantized(ours++ % kHeads); }, 31);
  state.SetItemsProcessed(state.iterations() * kTokens);
}

Caches& checked_caches() {
  static Caches caches;  // 128 MiB, made once
  check(caches);
  return caches;
}

void scores(benchmark::State& state) {
  Caches& caches = checked_caches();
  std::vector<float> result(kTokens);
  race(
      state, [&](std::int64_t head) { caches.quantized.dot(head, caches.query, result); },
      [&](std::int64_t head) { float_scores(caches.query.data(), caches.of(head), result); });
}
BENCHMARK(scores);

void weighted_sum(benchmark::State& state) {
  Caches& caches = checked_caches();
  std::vector<float> weights = bench::normal_values(kTokens, 3), result(kHeadDim);
  race(
      state, [&](std::int64_t head) { caches.quantized.weighted_sum(head, weights, result); },
      [&](std::int64_t head) { float_weighted_sum(weights, caches.of(head), result.data()); });
}
BENCHMARK(weighted_sum);

}  // namespace
