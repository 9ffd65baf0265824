// The random Walsh-Hadamard rotation of eq. (19), as a plan that every device carries out.
//
// R = H Diag(r) / sqrt(d) acts on columns as in eq. (14). A row x of activations is a column lying
// down: it maps to (x o r) H^T / sqrt(d), signs first and Hadamard second. Signs after mixing would
// only flip outputs and spread no outlier. H = H_m (x) H_2^k, and H_m need not be symmetric.
//
// The order of additions is part of the plan: inside each of the m blocks of 2^k numbers come the k
// butterfly stages (a, b) -> (a + b, a - b) of strides 1, 2, 4, ...; then the product with H_m over
// blocks, see base_product.h; then one multiplication by float(1 / sqrt(m 2^k)).
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "roste/core/base_product.h"
#include "roste/core/hadamard.h"
#include "roste/core/signs.h"

namespace roste {

enum class Signs { kRandom, kNone };

class Rotation {
 public:
  // The rotation of dimension d >= 1; the same (d, seed, signs) is the same rotation everywhere.
  // Where no Hadamard matrix of order d is constructed, it consists of blocks and note() says so.
  // Throws std::invalid_argument for d <= 0.
  static Rotation hadamard(std::int64_t d, std::uint64_t seed, Signs signs = Signs::kRandom) {
    Rotation r;
    r.size_ = d;
    r.shape_ = hadamard_factorization(d);
    r.base_ = hadamard_matrix(r.shape_.base_order);
    r.product_ = base_product(r.base_, Side::kPlain);
    r.transposed_product_ = base_product(r.base_, Side::kTransposed);
    r.norm_ = 1.0 / std::sqrt(static_cast<double>(r.block_size()));
    r.signs_.reserve(static_cast<std::size_t>(d));
    for (std::int64_t i = 0; i < d; ++i) {
      const int sign =
          signs == Signs::kRandom ? random_sign(seed, static_cast<std::uint64_t>(i)) : 1;
      r.signs_.push_back(static_cast<std::int8_t>(sign));
    }
    r.sign_words_ = r.packed_signs();
    return r;
  }

  std::int64_t size() const { return size_; }            // d
  int base_order() const { return shape_.base_order; }   // m
  int log2_count() const { return shape_.log2_count; }   // k
  std::int64_t blocks() const { return shape_.blocks; }  // 1 unless note() is not empty
  std::int64_t block_size() const {                      // m 2^k
    return std::int64_t{base_order()} << log2_count();
  }
  double norm() const { return norm_; }  // 1 / sqrt(m 2^k)
  int sign(std::int64_t i) const { return signs_[static_cast<std::size_t>(i)]; }
  std::span<const std::int8_t> signs() const { return signs_; }  // [d] of +1, -1
  // Bit i % 64 of word i / 64 is set where sign i mod d is -1; at least 256 bits, so that kernels
  // may read the signs of several short runs at once, and a word more.
  std::span<const std::uint64_t> sign_words() const { return sign_words_; }
  const SignMatrix& base() const { return base_; }  // H_m
  // The product with H_m, or its transpose, as sums over groups of blocks.
  const BaseProduct& base_product_of(Side side) const {
    return side == Side::kPlain ? product_ : transposed_product_;
  }

  // A sentence for the user where the rotation mixes only within blocks; empty otherwise.
  std::string note() const {
    if (blocks() == 1) return {};
    return "dimension " + std::to_string(size_) + " is rotated as " + std::to_string(blocks()) +
           " separate blocks of " + std::to_string(block_size()) +
           ": no Hadamard matrix of the whole order is constructed";
  }

 private:
  Rotation() = default;

  std::vector<std::uint64_t> packed_signs() const {
    const std::int64_t words = std::max<std::int64_t>((size_ + 63) / 64, 4) + 1;
    std::vector<std::uint64_t> packed(static_cast<std::size_t>(words), 0);
    for (std::int64_t i = 0, source = 0; i < 64 * words; ++i) {
      const std::uint64_t bit = sign(source) < 0 ? 1 : 0;
      packed[static_cast<std::size_t>(i / 64)] |= bit << (i % 64);
      if (++source == size_) source = 0;
    }
    return packed;
  }

  std::int64_t size_ = 0;
  HadamardFactorization shape_;
  double norm_ = 1;
  SignMatrix base_;
  BaseProduct product_, transposed_product_;
  std::vector<std::int8_t> signs_;
  std::vector<std::uint64_t> sign_words_;
};

}  // namespace roste
