// What a quantizer is, said in types: bit-width, symmetry, granularity and range policy.
#pragma once

#include <concepts>
#include <cstdint>

#include "roste/core/groups.h"

namespace roste {

// Symmetry: eqs. (2)-(3) have zero point 0 and signed codes; eq. (4) has a zero point and codes
// from 0.
struct Symmetric {};
struct Asymmetric {};

// Granularity: which values share a scale. PerRow is per token for activations and per output
// channel for weights stored [out, in]; a group of head_dim values is the KV cache.
inline constexpr std::int64_t kDynamic = -1;  // a group size known only at run time
struct PerTensor {};
struct PerRow {};
template <std::int64_t N, Tail T = Tail::kRefuse>
struct PerGroup {
  static_assert(N > 0 || N == kDynamic,
                "roste::PerGroup<N>: N is a number of values, at least 1, or roste::kDynamic");
  static constexpr std::int64_t size = N;
  static constexpr Tail tail = T;  // of a row whose length N does not divide
};

// Range: which interval an asymmetric grid covers.
struct ZeroIncluded {
};                     // widened to contain 0: the zero point is itself a code; c scales both ends
struct TightRange {};  // [min, max] as it is: the zero point may lie far outside of the codes
struct PaperEq4 {};    // eq. (4) to the letter: floor of -min/s, and c clips only the top end

template <class T>
concept SymmetryPolicy = std::same_as<T, Symmetric> || std::same_as<T, Asymmetric>;

template <class T>
inline constexpr bool kIsPerGroup = false;
template <std::int64_t N, Tail T>
inline constexpr bool kIsPerGroup<PerGroup<N, T>> = true;

template <class T>
inline constexpr bool kIsDynamicGroup = false;
template <Tail T>
inline constexpr bool kIsDynamicGroup<PerGroup<kDynamic, T>> = true;

template <class T>
concept GranularityPolicy = std::same_as<T, PerTensor> || std::same_as<T, PerRow> || kIsPerGroup<T>;

template <class T>
concept RangePolicy =
    std::same_as<T, ZeroIncluded> || std::same_as<T, TightRange> || std::same_as<T, PaperEq4>;

// One quantizer of eqs. (1)-(4). Bits: 2 ... 8, asymmetric also 1.
template <int Bits, SymmetryPolicy SymmetryT, GranularityPolicy GranularityT,
          RangePolicy RangeT = ZeroIncluded>
struct QuantSpec {
  static_assert(Bits <= 8, "roste::QuantSpec: Bits is at most 8: a code is stored in one byte");
  static_assert(Bits >= 1 && (Bits >= 2 || std::same_as<SymmetryT, Asymmetric>),
                "roste::QuantSpec: Bits is at least 2 (1 for Asymmetric): eq. (2) divides by "
                "2^(Bits-1) - 1");
  static_assert(std::same_as<SymmetryT, Asymmetric> || std::same_as<RangeT, ZeroIncluded>,
                "roste::QuantSpec: a Symmetric grid has one range, eq. (2); range policies are for "
                "Asymmetric");
  static constexpr int bits = Bits;
  using Symmetry = SymmetryT;
  using Granularity = GranularityT;
  using Range = RangeT;
};

template <class T>
inline constexpr bool kIsQuantSpec = false;
template <int B, class S, class G, class R>
inline constexpr bool kIsQuantSpec<QuantSpec<B, S, G, R>> = true;

template <class T>
concept QuantizerSpec = kIsQuantSpec<T>;

}  // namespace roste
