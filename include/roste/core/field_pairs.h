// Which elements of a field folded products take together.
//
// chi(i - j) = chi((-i) - (-j)) where q = 1 mod 4, so that sums over x and -x come as even and odd
// ones, see folded_product.h. Of those two, each row i needs one for every x: the even one where
// chi(i - x) = chi(i + x), that is where chi(i^2 - x^2) = 1. Elements x, c x that are summed
// together save most where rows need the same of both.
#pragma once

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

#include "roste/core/galois.h"

namespace roste::detail {

// Elements up to their sign: the smaller number of x and -x.
inline int up_to_sign(const GaloisField& field, int x) { return std::min(x, field.subtract(0, x)); }

// The smallest t > 0 with c^t = +-1, for c other than 0.
inline int order_up_to_sign(const GaloisField& field, int c) {
  int order = 1;
  for (int power = up_to_sign(field, c); power != 1; ++order)
    power = up_to_sign(field, field.multiply(power, c));
  return order;
}

// The smallest c of even order up to sign for which the most rows i need the same of x and c x;
// their number is the same for every x: sum over i of chi(i^2 - 1) chi(i^2 - c^2).
inline int neighbour_ratio(const GaloisField& field) {
  std::vector<int> squares;
  for (int x = 0; x < field.size(); ++x) squares.push_back(field.multiply(x, x));
  int best = 0, most = 0;
  for (int c = 2; c < field.size(); ++c) {
    if (up_to_sign(field, c) != c || order_up_to_sign(field, c) % 2 != 0) continue;
    int same = 0;
    for (const int square : squares) {
      same += field.character(field.subtract(square, 1)) *
              field.character(field.subtract(square, squares[static_cast<std::size_t>(c)]));
    }
    if (best == 0 || same > most) best = c, most = same;
  }
  return best;
}

// Every element but 0 up to its sign, as x, c x in turn, in ascending order of x. q = 1 mod 4.
inline std::vector<int> field_pairs(const GaloisField& field) {
  const int ratio = neighbour_ratio(field);
  std::vector<bool> taken(static_cast<std::size_t>(field.size()), false);
  std::vector<std::pair<int, int>> pairs;
  for (int first = 1; first < field.size(); ++first) {
    // The multiples of an element by powers of c: an even number of them, up to sign.
    for (int x = up_to_sign(field, first); !taken[static_cast<std::size_t>(x)];) {
      const int y = up_to_sign(field, field.multiply(x, ratio));
      taken[static_cast<std::size_t>(x)] = taken[static_cast<std::size_t>(y)] = true;
      pairs.push_back({x, y});
      x = up_to_sign(field, field.multiply(y, ratio));
    }
  }
  std::sort(pairs.begin(), pairs.end());
  std::vector<int> elements;
  for (const auto& [x, y] : pairs) elements.insert(elements.end(), {x, y});
  return elements;
}

}  // namespace roste::detail
