// The instruction sets that the verbs of roste::cpu choose from when they run.
//
// Every verb takes an Isa as its last argument, best_isa() unless told. All of them give the same
// bits; tests call each. ROSTE_X86_KERNELS is 1 where the compiler can build the x86 kernels beside
// the portable ones, whatever instruction set the program itself is compiled for.
#pragma once

#include <array>
#include <string_view>

#if defined(__x86_64__) && (defined(__GNUC__) || defined(__clang__))
#define ROSTE_X86_KERNELS 1
#else
#define ROSTE_X86_KERNELS 0
#endif

namespace roste::cpu {

enum class Isa {
  kPortable,  // C++ loops, vectorised by the compiler for the program's own target
  kAvx2,      // AVX2, FMA, F16C, BMI2
  kAvx512,    // AVX-512 F, BW, DQ, VL and VNNI
};

inline constexpr std::array kAllIsas = {Isa::kPortable, Isa::kAvx2, Isa::kAvx512};

constexpr std::string_view isa_name(Isa isa) {
  switch (isa) {
    case Isa::kAvx2:
      return "avx2";
    case Isa::kAvx512:
      return "avx512-vnni";
    default:
      return "portable";
  }
}

// True when this processor runs the kernels of `isa`.
inline bool isa_supported(Isa isa) {
#if ROSTE_X86_KERNELS
  // Not asked for F16C, which clang 14 cannot name: every processor with AVX2 has it.
  const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
                    __builtin_cpu_supports("bmi2");
  if (isa == Isa::kAvx2) return avx2;
  if (isa == Isa::kAvx512) {
    return avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
           __builtin_cpu_supports("avx512vnni");
  }
#endif
  return isa == Isa::kPortable;
}

// The fastest supported one. The processor is asked once: verbs on short vectors call this, and
// nine bit tests cost as much as the transform of 64 numbers.
inline Isa best_isa() {
  static const Isa best = isa_supported(Isa::kAvx512) ? Isa::kAvx512
                          : isa_supported(Isa::kAvx2) ? Isa::kAvx2
                                                      : Isa::kPortable;
  return best;
}

// True where 512-bit registers of integers are added in more places than they are multiplied in:
// AMD's Zen 4 and Zen 5 have four units for the one and two for the other, Intel's processors two
// for both.
inline bool adds_beside_products() {
#if ROSTE_X86_KERNELS
  static const bool amd = __builtin_cpu_is("amd");
  return amd;
#else
  return false;
#endif
}

}  // namespace roste::cpu
