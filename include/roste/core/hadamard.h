// Hadamard matrices: entries +1 and -1, H H^T = d I. Computed, not tabulated, by Sylvester's, both
// of Paley's (R. Paley, "On orthogonal matrices", 1933) and Williamson's constructions.
#pragma once

#include <bit>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

#include "roste/core/galois.h"
#include "roste/core/williamson.h"

namespace roste {

// A square matrix of +1 and -1, row-major.
struct SignMatrix {
  int order = 0;
  std::vector<std::int8_t> entries;

  int at(int row, int col) const {
    return entries[static_cast<std::size_t>(row) * static_cast<std::size_t>(order) +
                   static_cast<std::size_t>(col)];
  }
};

// d = base_order * 2^log2_count, with a Hadamard matrix H_base (x) H_2^log2_count. Where there is
// none, blocks > 1: d = blocks * 2^log2_count and base_order = 1.
struct HadamardFactorization {
  int base_order = 1;
  int log2_count = 0;
  std::int64_t blocks = 1;
};

// The additions of a base grow with its order, and its tables with the square: above this order the
// block transform is the better answer.
inline constexpr int kLargestBaseOrder = 1024;

enum class BaseKind { kNone, kPaleyFirst, kPaleySecond, kWilliamson };

// Which construction gives a matrix of this order, if any: order - 1 a prime power that is 3 mod 4,
// or order / 2 - 1 a prime power that is 1 mod 4, or Williamson's rows.
inline BaseKind base_kind(int order) {
  if (order < 4 || order % 4 != 0) return BaseKind::kNone;
  if (prime_power(order - 1).degree > 0) return BaseKind::kPaleyFirst;
  const int q = order / 2 - 1;
  if (q % 4 == 1 && prime_power(q).degree > 0) return BaseKind::kPaleySecond;
  return williamson_rows(order).n > 0 ? BaseKind::kWilliamson : BaseKind::kNone;
}

// The smallest base order for d >= 1, or the block transform over the largest power of two that
// divides d. Throws std::invalid_argument for d <= 0.
inline HadamardFactorization hadamard_factorization(std::int64_t d) {
  if (d <= 0) {
    throw std::invalid_argument("roste: a rotation of dimension " + std::to_string(d) +
                                "; expected at least 1");
  }
  const int twos = std::countr_zero(static_cast<std::uint64_t>(d));
  const std::int64_t odd = d >> twos;
  if (odd == 1) return {1, twos, 1};
  for (int taken = 2; taken <= twos && (odd << taken) <= kLargestBaseOrder; ++taken) {
    const int order = static_cast<int>(odd << taken);
    if (base_kind(order) != BaseKind::kNone) return {order, twos - taken, 1};
  }
  return {1, twos, odd};
}

namespace detail {

// The matrix [[0, 1], [c, chi(a_i - a_j)]] of order q + 1, with c = +1 when q = 1 mod 4 (symmetric)
// and -1 when q = 3 mod 4 (skew). Its square is q I, or -q I.
inline std::vector<std::int8_t> conference_matrix(int q) {
  const GaloisField field(q);
  const std::size_t n = static_cast<std::size_t>(q) + 1;
  std::vector<std::int8_t> c(n * n, 0);
  for (int i = 0; i < q; ++i) {
    const std::size_t row = static_cast<std::size_t>(i) + 1;
    c[row] = 1;
    c[row * n] = q % 4 == 1 ? 1 : -1;
    for (int j = 0; j < q; ++j) {
      c[row * n + static_cast<std::size_t>(j) + 1] =
          static_cast<std::int8_t>(field.character(field.subtract(i, j)));
    }
  }
  return c;
}

// I + C for the skew C of order q + 1.
inline SignMatrix paley_first(int order) {
  SignMatrix h{order, conference_matrix(order - 1)};
  const std::size_t n = static_cast<std::size_t>(order);
  for (std::size_t i = 0; i < n; ++i) h.entries[i * n + i] = 1;
  return h;
}

// C (x) [[1, 1], [1, -1]] + I (x) [[1, -1], [-1, -1]] for the symmetric C of order q + 1.
inline SignMatrix paley_second(int order) {
  const std::size_t n = static_cast<std::size_t>(order), half = n / 2;
  const std::vector<std::int8_t> c = conference_matrix(order / 2 - 1);
  SignMatrix h{order, std::vector<std::int8_t>(n * n)};
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j < n; ++j) {
      const bool both_odd = i % 2 == 1 && j % 2 == 1;
      const int on_diagonal = i % 2 == 0 && j % 2 == 0 ? 1 : -1;
      const int off_diagonal = both_odd ? -c[i / 2 * half + j / 2] : c[i / 2 * half + j / 2];
      h.entries[i * n + j] = static_cast<std::int8_t>(i / 2 == j / 2 ? on_diagonal : off_diagonal);
    }
  }
  return h;
}

// The arrangement of the four circulants in williamson.h.
inline SignMatrix williamson(int order) {
  constexpr int kBlock[4][4] = {{0, 1, 2, 3}, {1, 0, 3, 2}, {2, 3, 0, 1}, {3, 2, 1, 0}};
  constexpr int kSign[4][4] = {{1, 1, 1, 1}, {-1, 1, -1, 1}, {-1, 1, 1, -1}, {-1, -1, 1, 1}};
  const WilliamsonRows rows = williamson_rows(order);
  SignMatrix h{order, {}};
  h.entries.reserve(static_cast<std::size_t>(order) * static_cast<std::size_t>(order));
  for (int i = 0; i < order; ++i) {
    for (int j = 0; j < order; ++j) {
      const int up = i / rows.n, left = j / rows.n;
      const int entry = kSign[up][left] * rows.at(kBlock[up][left], i % rows.n, j % rows.n);
      h.entries.push_back(static_cast<std::int8_t>(entry));
    }
  }
  return h;
}

// Of an order that base_kind knows.
inline SignMatrix base_matrix(int order) {
  switch (base_kind(order)) {
    case BaseKind::kPaleyFirst:
      return paley_first(order);
    case BaseKind::kPaleySecond:
      return paley_second(order);
    case BaseKind::kWilliamson:
      return williamson(order);
    default:
      return {1, {1}};
  }
}

}  // namespace detail

// The dense matrix H_base (x) H_2^k of hadamard_factorization(order); H[i][j] of Sylvester's part
// is (-1)^popcount(i & j). Throws std::invalid_argument where the library constructs none.
inline SignMatrix hadamard_matrix(int order) {
  const HadamardFactorization f = hadamard_factorization(order);
  if (f.blocks != 1) {
    throw std::invalid_argument(
        "roste: no Hadamard matrix of order " + std::to_string(order) +
        " is constructed; expected m 2^k with m = 1 or the order of a base");
  }
  const SignMatrix base = detail::base_matrix(f.base_order);
  if (f.log2_count == 0) return base;
  const int inner = 1 << f.log2_count;
  SignMatrix h{order, {}};
  h.entries.reserve(static_cast<std::size_t>(order) * static_cast<std::size_t>(order));
  for (int i = 0; i < order; ++i) {
    for (int j = 0; j < order; ++j) {
      const unsigned common = static_cast<unsigned>(i % inner) & static_cast<unsigned>(j % inner);
      const int sylvester = std::popcount(common) % 2 == 0 ? 1 : -1;
      h.entries.push_back(static_cast<std::int8_t>(base.at(i / inner, j / inner) * sylvester));
    }
  }
  return h;
}

}  // namespace roste
