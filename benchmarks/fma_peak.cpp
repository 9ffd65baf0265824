// Compiled with -ffp-contract=fast, so that a multiply and an add become one instruction.
#include <cstdint>

#include "benchmarks/measure.h"

namespace bench {

double fma_peak() {
  using Lanes [[gnu::vector_size(64)]] = float;  // one AVX-512 register, or several smaller ones
  constexpr int kChains = 12;                    // hides a latency of four cycles on two ports
  constexpr std::int64_t kRounds = 1'000'000;
  Lanes sum[kChains] = {}, a = Lanes{} + 0.999999f, b = Lanes{} + 1e-7f;
  asm volatile(""
               : "+x"(a),
                 "+x"(b));  // unknown to the compiler, as are the chains: it would merge equal ones
  for (Lanes& chain : sum) asm volatile("" : "+x"(chain));
  const double elapsed = time_once([&] {
    for (std::int64_t r = 0; r < kRounds; ++r) {
      for (Lanes& chain : sum) chain = chain * a + b;
    }
  });
  Lanes total = {};
  for (const Lanes& chain : sum) total += chain;
  asm volatile("" : : "m"(total));  // used
  return 2.0 * kChains * 16 * static_cast<double>(kRounds) / elapsed;
}

}  // namespace bench
