// Williamson's Hadamard matrices (J. Williamson, "Hadamard's determinant theorem and the sum of
// four squares", 1944): from four symmetric circulant sign matrices of order n with
//   A^2 + B^2 + C^2 + D^2 = 4 n I
// comes one of order 4 n,
//   [ A  B  C  D]
//   [-B  A -D  C]
//   [-C  D  A -B]
//   [-D -C  B  A].
// For n = 23, 29, 39 and 43 they fill orders that Paley's constructions leave out. Stored are first
// rows, found by search and checked in the tests as H H^T = 4 n I:
// * n = 23 and 29: pairs of rows whose autocorrelations cancel (23 first by Baumert, Golomb and
//   Hall, 1962);
// * n = 39: B and C are A with indices multiplied by 16 and 16^2 mod 39, D is unchanged by it;
// * n = 43: all four are unchanged when indices are multiplied by 6 mod 43, as in Williamson's own.
#pragma once

#include <array>
#include <bit>
#include <cstdint>

namespace roste {

// Bit j - 1 of a word is set where entries j and n - j of the first row are -1, 1 <= j <= n / 2.
// Entry 0 is +1.
struct WilliamsonRows {
  int n = 0;
  std::array<std::uint32_t, 4> minus = {};

  // Entry (i, j) of the circulant number `which`: +1 or -1.
  int at(int which, int i, int j) const {
    const int distance = i < j ? j - i : i - j;
    const int index = distance <= n / 2 ? distance : n - distance;
    if (index == 0) return 1;
    return (minus[static_cast<std::size_t>(which)] >> (index - 1) & 1) != 0 ? -1 : 1;
  }
};

inline constexpr std::array kWilliamsonRows = {
    WilliamsonRows{23, {0x00002b, 0x000153, 0x00019c, 0x00071b}},
    WilliamsonRows{29, {0x0001cb, 0x0006e5, 0x001c24, 0x0024f5}},
    WilliamsonRows{39, {0x0159f9, 0x07d346, 0x02bc37, 0x03c977}},
    WilliamsonRows{43, {0x099790, 0x1e559c, 0x0c6d0a, 0x0450f9}}};

// The rows for a matrix of this order; n = 0 where there are none.
inline WilliamsonRows williamson_rows(int order) {
  for (const WilliamsonRows& rows : kWilliamsonRows) {
    if (4 * rows.n == order) return rows;
  }
  return {};
}

}  // namespace roste
