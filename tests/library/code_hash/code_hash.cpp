// Prints a hash of codes, parameters and values that the library computes: one line for the
// portable loops, one for the processor's best instruction set. same_bits.cmake compiles this file
// in many ways; every one has to print the same.
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <span>
#include <vector>

#include "roste/cpu/quantize.h"

namespace {

using roste::Quantizer;
using roste::QuantSpec;
using roste::cpu::Isa;
using roste::cpu::MatrixView;

constexpr std::int64_t kRows = 24, kCols = 192;

// Integers of 24 bits by a power of two: exact, whatever the compiler does. Every fifth row is of
// multiples of 1/2, where codes lie on ties.
std::vector<float> values() {
  std::vector<float> x(static_cast<std::size_t>(kRows * kCols));
  std::uint64_t state = 1;
  for (std::size_t i = 0; i < x.size(); ++i) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    const auto integer = static_cast<std::int32_t>(state >> 40) - (1 << 23);
    const std::size_t row = i / static_cast<std::size_t>(kCols);
    x[i] = row % 5 == 0 ? static_cast<float>(integer >> 19) * 0.5f
                        : std::ldexp(static_cast<float>(integer), static_cast<int>(row) * 9 - 120);
  }
  return x;
}

// FNV-1a, byte by byte.
struct Hash {
  std::uint64_t value = 14695981039346656037u;
  void add(std::uint32_t word) {
    for (int shift = 0; shift < 32; shift += 8)
      value = (value ^ ((word >> shift) & 255u)) * 1099511628211u;
  }
};

void add_scheme(const roste::Scheme& scheme, const std::vector<float>& x, Isa isa, Hash& hash) {
  const MatrixView<const float> view(x.data(), kRows, kCols);
  const auto count = roste::group_layout(scheme.grouping, kRows, kCols).count;
  std::vector<roste::GroupParams> params(static_cast<std::size_t>(count));
  std::vector<std::int16_t> codes(x.size());
  std::vector<float> back(x.size());
  roste::cpu::quantize(scheme, view, params, MatrixView<std::int16_t>(codes.data(), kRows, kCols),
                       isa);
  roste::cpu::fake_quantize(scheme, view, MatrixView<float>(back.data(), kRows, kCols), isa);
  for (const auto& p : params) {
    hash.add(std::bit_cast<std::uint32_t>(p.scale));
    hash.add(static_cast<std::uint32_t>(p.zero));
  }
  for (const std::int16_t code : codes) hash.add(static_cast<std::uint16_t>(code));
  for (const float v : back) hash.add(std::bit_cast<std::uint32_t>(v));
}

Hash hash_by(Isa isa) {
  Hash hash;
  const std::vector<float> x = values();
  add_scheme(Quantizer<QuantSpec<4, roste::Asymmetric, roste::PerRow>>(), x, isa, hash);
  add_scheme(Quantizer<QuantSpec<3, roste::Symmetric, roste::PerGroup<16>>>(0.9f), x, isa, hash);
  add_scheme(Quantizer<QuantSpec<8, roste::Asymmetric, roste::PerRow, roste::TightRange>>(0.95f), x,
             isa, hash);
  add_scheme(Quantizer<QuantSpec<2, roste::Asymmetric, roste::PerTensor, roste::PaperEq4>>(0.8f), x,
             isa, hash);
  return hash;
}

}  // namespace

int main() {
  for (const Isa isa : {Isa::kPortable, roste::cpu::best_isa()})
    std::printf("%016llx\n", static_cast<unsigned long long>(hash_by(isa).value));
}
