// A cache quantizes every token's head on its own, so its spec groups by head_dim.
// Refused with: KvSpec
#include "roste/cpu/kv_cache.h"

#ifdef ROSTE_MUST_NOT_COMPILE
using Granularity = roste::PerTensor;
#else
using Granularity = roste::PerGroup<64>;
#endif

roste::cpu::KvCache<roste::QuantSpec<4, roste::Asymmetric, Granularity>> make() {
  return {{2, 64}, 16};
}
