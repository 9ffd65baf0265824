#include "benchmarks/limits.h"

#include "benchmarks/measure.h"
#include "roste/cpu/simd/target.h"

namespace bench {

namespace {

// One AVX-512 register, or several smaller ones; floats may lie anywhere.
using Lanes [[gnu::vector_size(64), gnu::aligned(4), gnu::may_alias]] = float;
constexpr std::size_t kLanes = 16;
constexpr int kChains = 4;  // registers at a time: hides the latency of one addition

const Lanes& lanes(const float* x) { return *reinterpret_cast<const Lanes*>(x); }
Lanes& lanes(float* x) { return *reinterpret_cast<Lanes*>(x); }

}  // namespace

void scale(std::span<const float> x, std::span<float> y) {
  for (std::size_t i = 0; i < x.size(); i += kChains * kLanes) {
    for (std::size_t c = 0; c < kChains; ++c) {
      lanes(y.data() + i + c * kLanes) = lanes(x.data() + i + c * kLanes) * 1.0001f;
    }
  }
}

float read_all(std::span<const float> x) {
  Lanes most[kChains] = {};
  for (std::size_t i = 0; i < x.size(); i += kChains * kLanes) {
    for (std::size_t c = 0; c < kChains; ++c) {
      const Lanes next = lanes(x.data() + i + c * kLanes);
      most[c] = next > most[c] ? next : most[c];
    }
  }
  float largest = 0;
  for (const Lanes& lane : most) {
    for (std::size_t i = 0; i < kLanes; ++i) largest = std::max(largest, lane[i]);
  }
  return largest;
}

#if ROSTE_X86_KERNELS
ROSTE_TARGET_AVX512
namespace {

constexpr int kDotChains = 12;  // hides a latency of five cycles on two ports

int dot_rounds(std::int64_t rounds) {
  __m512i sums[kDotChains], a = _mm512_set1_epi8(3), b = _mm512_set1_epi8(-2);
  for (__m512i& sum : sums) {
    sum = _mm512_setzero_si512();
    asm volatile("" : "+v"(sum));  // unknown to the compiler: it would merge equal chains
  }
  for (std::int64_t r = 0; r < rounds; ++r) {
    for (__m512i& sum : sums) sum = _mm512_dpbusd_epi32(sum, a, b);
  }
  int total = 0;
  for (const __m512i& sum : sums) total += _mm512_cvtsi512_si32(sum);
  return total;
}

}  // namespace
ROSTE_TARGET_END

double dot_peak() {
  if (!roste::cpu::isa_supported(roste::cpu::Isa::kAvx512)) return 0;
  constexpr std::int64_t kRounds = 200'000;
  int total = 0;
  const double elapsed = time_once([&] { total = dot_rounds(kRounds); });
  require(total == kDotChains * kRounds * 4 * 3 * -2, "sums of four products by vpdpbusd");
  return 2.0 * 64 * kDotChains * kRounds / elapsed;
}
#else
double dot_peak() { return 0; }
#endif

}  // namespace bench
