// Encodes and fake-quantizes all 2^32 floats but NaN with every instruction set, for scales and
// zero points that each are awkward in one way, and compares with the scalar functions of
// core/grid.h: as runs of which nothing is known, and as runs whose extremes are known, which
// other kernels serve where nothing has to be clamped. One line for each; the exit status is 1 when
// anything differs. See scripts/exhaustive_codes.sh.
#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <vector>

#include "roste/cpu/detail/group_kernel.h"

namespace {

using roste::CodeRange;
using roste::GroupParams;
using roste::cpu::Isa;

constexpr std::uint32_t kChunk = 1u << 14;  // floats: all buffers stay in an L2 cache

struct Case {
  GroupParams params;
  CodeRange codes;
  const char* why;
};

constexpr Case kCases[] = {
    {{1.0f, 6}, {0, 15}, "quotients are exact, half of all small halves are ties"},
    {{0.25f, 0}, {-8, 7}, "the same, symmetric"},
    {{0.1f, 6}, {0, 15}, "1 / s is rounded"},
    {{1.0f / 3, 0}, {-128, 127}, "1 / s is rounded, more codes"},
    {{0x1.fffffep-1f, 3}, {0, 15}, "s next to a power of two"},
    {{0x1.8p-3f, -20}, {0, 15}, "0 is outside of the range"},
    {{0x1.2p5f, -100000}, {0, 255}, "a zero point far outside"},
    {{0x1p-100f, 6}, {0, 15}, "smallest s that is multiplied by"},
    {{0x1p100f, 6}, {0, 15}, "largest s that is multiplied by"},
    {{0x1p-126f, 6}, {0, 15}, "smallest s of a fit; divided"},
    {{0x1.8p101f, 6}, {0, 15}, "divided"},
};

struct Buffers {
  std::vector<float> x = std::vector<float>(kChunk), expected = x, y = x;
  std::vector<std::int16_t> expected_codes = std::vector<std::int16_t>(kChunk),
                            codes = expected_codes;
};

void fill(std::uint32_t first, Buffers& b) {
  for (std::uint32_t i = 0; i < kChunk; ++i) {
    const float x = std::bit_cast<float>(first + i);
    b.x[i] = x == x ? x : 0.0f;  // there is no code for NaN
  }
}

void run(const Case& c, Isa isa, roste::cpu::detail::Extremes range, Buffers& b) {
  const roste::cpu::detail::FloatRun run{b.x.data(), kChunk, nullptr, range};
  roste::cpu::detail::fake_quantize_run(isa, run, c.params, c.codes, b.y.data());
  roste::cpu::detail::encode_run(isa, run, c.params, c.codes, b.codes.data());
}

std::uint64_t differences(const Buffers& b) {
  if (std::memcmp(b.y.data(), b.expected.data(), 4 * kChunk) == 0 &&
      std::memcmp(b.codes.data(), b.expected_codes.data(), 2 * kChunk) == 0) {
    return 0;
  }
  std::uint64_t count = 0;
  for (std::uint32_t i = 0; i < kChunk; ++i) {
    count += std::memcmp(&b.y[i], &b.expected[i], 4) != 0 || b.codes[i] != b.expected_codes[i];
  }
  return count;
}

std::uint64_t check(const Case& c, const std::vector<Isa>& isas, Buffers& b) {
  std::vector<std::uint64_t> wrong(isas.size());
  for (std::uint64_t first = 0; first < 1ull << 32; first += kChunk) {
    fill(static_cast<std::uint32_t>(first), b);
    for (std::uint32_t i = 0; i < kChunk; ++i) {
      b.expected[i] = roste::fake_quantize_value(b.x[i], c.params, c.codes);
      b.expected_codes[i] = static_cast<std::int16_t>(roste::encode(b.x[i], c.params, c.codes));
    }
    const auto [low, high] = std::minmax_element(b.x.begin(), b.x.end());
    for (std::size_t k = 0; k < isas.size(); ++k) {
      run(c, isas[k], {}, b);
      wrong[k] += differences(b);
      run(c, isas[k], {*low, *high}, b);
      wrong[k] += differences(b);
    }
  }
  std::uint64_t all = 0;
  for (std::size_t k = 0; k < isas.size(); ++k) {
    const std::string_view name = roste::cpu::isa_name(isas[k]);
    std::printf("s = %-13a z = %-7d codes %d ... %d  %-12.*s %llu of 4278190082 differ  (%s)\n",
                static_cast<double>(c.params.scale), c.params.zero, c.codes.min, c.codes.max,
                static_cast<int>(name.size()), name.data(),
                static_cast<unsigned long long>(wrong[k]), c.why);
    all += wrong[k];
  }
  std::fflush(stdout);
  return all;
}

}  // namespace

int main() {
  std::vector<Isa> isas;
  for (const Isa isa : roste::cpu::kAllIsas) {
    if (roste::cpu::isa_supported(isa)) isas.push_back(isa);
  }
  Buffers buffers;
  std::uint64_t wrong = 0;
  for (const Case& c : kCases) wrong += check(c, isas, buffers);
  return wrong == 0 ? 0 : 1;
}
