// A Rotation in the form that kernels read: plain pointers, on the host or on a device.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "roste/core/base_product.h"
#include "roste/core/rotation.h"

namespace roste::cuda {

// A GroupTerm as factors +1 and -1: all * ((x0 + b x1) + q (x2 + d x3)), the sum that its index()
// names among those of group_sums.
struct alignas(16) TermSigns {
  float b = 1.0f;
  float d = 1.0f;
  float q = 1.0f;
  float all = 1.0f;
};

inline TermSigns term_signs(GroupTerm term) {
  const auto sign = [](int minus) { return minus != 0 ? -1.0f : 1.0f; };
  return {sign(term.index() & 2), sign(term.index() & 4), sign(term.index() & 1),
          sign(term.negative())};
}

// PairFactors as numbers: +1, -1 or 0 for the values a, b of a pair in the two rows of a quad.
struct alignas(16) FoldedFactors {
  float even_a = 0.0f;
  float even_b = 0.0f;
  float odd_a = 0.0f;
  float odd_b = 0.0f;
};

// Where the four blocks are that one thread makes: x0 and x2, x1 and x3 behind them. Quads of a
// grouped base are its blocks in order.
struct alignas(8) QuadBlocks {
  std::int32_t first = 0;
  std::int32_t mirrored = 0;
};

// What a kernel knows of a rotation; no rotation at all where size is 0. Side::kPlain has the signs
// before the Hadamard product, as rotate_rows; kTransposed behind it.
struct RotationView {
  std::int32_t size = 0;        // d
  std::int32_t base_order = 1;  // m
  std::int32_t log2_inner = 0;  // k
  std::int32_t quads = 0;       // of a folded base; 0: grouped, or none
  float scale = 1.0f;           // of what the base leaves: 1 / sqrt(m 2^k), or half of it
  Side side = Side::kPlain;
  const std::uint32_t* sign_bits = nullptr;  // [ceil(d / 32)], bit set: -1
  const TermSigns* terms = nullptr;          // of a grouped base: [m / 4, m]
  const FoldedFactors* factors = nullptr;    // of a folded base: [(quads + 1) / 2, quads]
  const QuadBlocks* blocks = nullptr;        // of either: [m / 4]
};

// The numbers behind a RotationView, in memory of the host.
class RotationTables {
 public:
  RotationTables(const Rotation& rotation, Side side) {
    const BaseProduct base = base_product(rotation.base(), side);
    shape_.size = static_cast<std::int32_t>(rotation.size());
    shape_.base_order = rotation.base_order();
    shape_.log2_inner = rotation.log2_count();
    shape_.quads = base.folded.quads;
    shape_.scale = static_cast<float>(rotation.norm() / base.multiple());
    shape_.side = side;
    add_signs(rotation);
    add_terms(base.grouped);
    add_factors(base.folded);
    add_blocks(base);
  }

  std::span<const std::uint32_t> sign_bits() const { return sign_bits_; }
  std::span<const TermSigns> terms() const { return terms_; }
  std::span<const FoldedFactors> factors() const { return factors_; }
  std::span<const QuadBlocks> blocks() const { return blocks_; }

  // The view with the tables at these addresses.
  RotationView view(const std::uint32_t* sign_bits, const TermSigns* terms,
                    const FoldedFactors* factors, const QuadBlocks* blocks) const {
    RotationView view = shape_;
    view.sign_bits = sign_bits;
    view.terms = terms;
    view.factors = factors;
    view.blocks = blocks;
    return view;
  }
  RotationView host_view() const {
    return view(sign_bits_.data(), terms_.data(), factors_.data(), blocks_.data());
  }

 private:
  void add_signs(const Rotation& rotation) {
    sign_bits_.assign((static_cast<std::size_t>(rotation.size()) + 31) / 32, 0u);
    for (std::int64_t i = 0; i < rotation.size(); ++i) {
      const std::uint32_t bit = rotation.sign(i) < 0 ? 1u : 0u;
      sign_bits_[static_cast<std::size_t>(i / 32)] |= bit << (i % 32);
    }
  }

  // Group by group and pair by pair, so that threads that make neighbouring rows read neighbouring
  // numbers.
  void add_terms(const GroupedProduct& base) {
    for (int group = 0; group < base.groups; ++group) {
      for (int row = 0; row < base.order; ++row) {
        terms_.push_back(
            term_signs(base.terms[static_cast<std::size_t>(row * base.groups + group)]));
      }
    }
  }
  void add_factors(const FoldedProduct& base) {
    if (base.quads == 0) return;
    for (int pair = 0; pair < base.even_pairs(); ++pair) {
      for (int quad = 0; quad < base.quads; ++quad) {
        const PairFactors& f =
            base.factors[static_cast<std::size_t>(quad * base.even_pairs() + pair)];
        factors_.push_back({static_cast<float>(f.even_a), static_cast<float>(f.even_b),
                            static_cast<float>(f.odd_a), static_cast<float>(f.odd_b)});
      }
    }
  }

  void add_blocks(const BaseProduct& base) {
    const std::vector<int>& folded = base.folded.blocks;
    for (int first = 0; first < base.order - 1; first += kQuadBlocks) {
      const std::size_t quad = static_cast<std::size_t>(first / 2);  // two numbers each
      blocks_.push_back(base.is_folded() ? QuadBlocks{folded[quad], folded[quad + 1]}
                                         : QuadBlocks{first, first + 2});
    }
  }

  RotationView shape_;
  std::vector<std::uint32_t> sign_bits_;
  std::vector<TermSigns> terms_;
  std::vector<FoldedFactors> factors_;
  std::vector<QuadBlocks> blocks_;
};

}  // namespace roste::cuda
