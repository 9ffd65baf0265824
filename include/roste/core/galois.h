// The finite field GF(p^n), as far as Paley's constructions need it: subtraction and the question
// whether an element is a square.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

namespace roste {

// q = prime^degree, or degree = 0 when q is no prime power.
struct PrimePower {
  int prime = 0;
  int degree = 0;
};

inline PrimePower prime_power(int q) {
  if (q < 2) return {};
  int p = 2;
  while (p * p <= q && q % p != 0) ++p;
  if (q % p != 0) p = q;
  PrimePower result{p, 0};
  for (; q % p == 0; q /= p) ++result.degree;
  return q == 1 ? result : PrimePower{};
}

// Elements are 0 ... size() - 1; the base-p digits of a number are the coefficients of its
// polynomial, lowest first. 0 is zero and 1 is one.
class GaloisField {
 public:
  // q must be a prime power, at most 2^15; throws std::invalid_argument.
  explicit GaloisField(int q) : size_(q), shape_(prime_power(q)) {
    if (shape_.degree == 0 || q > (1 << 15)) {
      throw std::invalid_argument("roste: no finite field of " + std::to_string(q) +
                                  " elements; expected a prime power of at most 32768");
    }
    modulus_ = irreducible_polynomial();
    is_square_.assign(static_cast<std::size_t>(q), 0);
    for (int a = 1; a < q; ++a) is_square_[static_cast<std::size_t>(multiply(a, a))] = 1;
  }

  int size() const { return size_; }

  int subtract(int a, int b) const {
    int result = 0;
    for (int place = 1; place < size_; place *= shape_.prime) {
      const int digit = a / place % shape_.prime - b / place % shape_.prime;
      result += (digit < 0 ? digit + shape_.prime : digit) * place;
    }
    return result;
  }

  int multiply(int a, int b) const {
    Polynomial product(static_cast<std::size_t>(2 * shape_.degree - 1), 0);
    const Polynomial left = digits(a, shape_.degree), right = digits(b, shape_.degree);
    for (std::size_t i = 0; i < left.size(); ++i) {
      for (std::size_t j = 0; j < right.size(); ++j) {
        product[i + j] = (product[i + j] + left[i] * right[j]) % shape_.prime;
      }
    }
    reduce(modulus_, product);
    return number(product);
  }

  // The quadratic character: 0 for 0, +1 for the squares, -1 for the others.
  int character(int a) const {
    if (a == 0) return 0;
    return is_square_[static_cast<std::size_t>(a)] != 0 ? 1 : -1;
  }

 private:
  using Polynomial = std::vector<int>;  // coefficients modulo p, lowest first

  Polynomial digits(int a, int count) const {
    Polynomial result;
    for (int i = 0; i < count; ++i, a /= shape_.prime) result.push_back(a % shape_.prime);
    return result;
  }

  int number(const Polynomial& polynomial) const {
    int result = 0;
    for (std::size_t i = polynomial.size(); i-- > 0;)
      result = result * shape_.prime + polynomial[i];
    return result;
  }

  // polynomial := its remainder modulo a monic divisor, as many coefficients as the divisor's
  // degree.
  void reduce(const Polynomial& divisor, Polynomial& polynomial) const {
    const std::size_t degree = divisor.size() - 1;
    while (polynomial.size() > degree) {
      const int lead = polynomial.back();
      const std::size_t shift = polynomial.size() - divisor.size();
      for (std::size_t i = 0; i <= degree; ++i) {
        int& c = polynomial[shift + i];
        c = (c + (shape_.prime - lead) * divisor[i]) % shape_.prime;
      }
      polynomial.pop_back();
    }
  }

  // x^degree + the digits of `low`.
  Polynomial monic(int low, int degree) const {
    Polynomial result = digits(low, degree);
    result.push_back(1);
    return result;
  }

  // Whether no monic polynomial of degree 1 ... n/2 divides it.
  bool is_irreducible(const Polynomial& candidate) const {
    const int degree = static_cast<int>(candidate.size()) - 1;
    int count = shape_.prime;
    for (int d = 1; 2 * d <= degree; ++d, count *= shape_.prime) {
      for (int low = 0; low < count; ++low) {
        Polynomial remainder = candidate;
        reduce(monic(low, d), remainder);
        if (number(remainder) == 0) return false;
      }
    }
    return true;
  }

  // The first one in numeric order; one exists for every degree.
  Polynomial irreducible_polynomial() const {
    int low = 0;
    while (!is_irreducible(monic(low, shape_.degree))) ++low;
    return monic(low, shape_.degree);
  }

  int size_;
  PrimePower shape_;
  Polynomial modulus_;
  std::vector<std::uint8_t> is_square_;
};

}  // namespace roste
