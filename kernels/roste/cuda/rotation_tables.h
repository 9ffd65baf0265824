// A Rotation in the form that kernels read: plain pointers, on the host or on a device.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "roste/core/base_product.h"
#include "roste/core/rotation.h"

namespace roste::cuda {

// A BaseTerm as factors +1 and -1: all * ((x0 + b x1) + q (x2 + d x3)), the sum that its index()
// names among those of group_sums.
struct alignas(16) TermSigns {
  float b = 1.0f;
  float d = 1.0f;
  float q = 1.0f;
  float all = 1.0f;
};

inline TermSigns term_signs(BaseTerm term) {
  const auto sign = [](int minus) { return minus != 0 ? -1.0f : 1.0f; };
  return {sign(term.index() & 2), sign(term.index() & 4), sign(term.index() & 1),
          sign(term.negative())};
}

// What a kernel knows of a rotation; no rotation at all where size is 0. Side::kPlain has the signs
// before the Hadamard product, as rotate_rows; kTransposed behind it.
struct RotationView {
  std::int32_t size = 0;        // d
  std::int32_t base_order = 1;  // m
  std::int32_t log2_inner = 0;  // k
  std::int32_t columns = 1;     // blocks, or pairs of blocks, that the base's terms are about
  std::int32_t width = 1;       // 2 where blocks are paired
  float norm = 1.0f;            // 1 / sqrt(m 2^k)
  Side side = Side::kPlain;
  const std::uint32_t* sign_bits = nullptr;  // [ceil(d / 32)], bit set: -1
  const TermSigns* terms = nullptr;          // [ceil(columns / 4), columns]
};

// The numbers behind a RotationView, in memory of the host.
class RotationTables {
 public:
  RotationTables(const Rotation& rotation, Side side) {
    const BaseProduct base = base_product(rotation.base(), side);
    shape_.size = static_cast<std::int32_t>(rotation.size());
    shape_.base_order = rotation.base_order();
    shape_.log2_inner = rotation.log2_count();
    shape_.columns = base.columns;
    shape_.width = base.width;
    shape_.norm = static_cast<float>(1.0 / std::sqrt(static_cast<double>(rotation.block_size())));
    shape_.side = side;
    add_signs(rotation);
    add_terms(base);
  }

  std::span<const std::uint32_t> sign_bits() const { return sign_bits_; }
  std::span<const TermSigns> terms() const { return terms_; }

  // The view with the tables at these addresses.
  RotationView view(const std::uint32_t* sign_bits, const TermSigns* terms) const {
    RotationView view = shape_;
    view.sign_bits = sign_bits;
    view.terms = terms;
    return view;
  }
  RotationView host_view() const { return view(sign_bits_.data(), terms_.data()); }

 private:
  void add_signs(const Rotation& rotation) {
    sign_bits_.assign((static_cast<std::size_t>(rotation.size()) + 31) / 32, 0u);
    for (std::int64_t i = 0; i < rotation.size(); ++i) {
      const std::uint32_t bit = rotation.sign(i) < 0 ? 1u : 0u;
      sign_bits_[static_cast<std::size_t>(i / 32)] |= bit << (i % 32);
    }
  }

  // Group by group, so that threads that make neighbouring rows read neighbouring terms.
  void add_terms(const BaseProduct& base) {
    for (int group = 0; group < base.groups; ++group) {
      for (int row = 0; row < base.columns; ++row) {
        terms_.push_back(
            term_signs(base.terms[static_cast<std::size_t>(row * base.groups + group)]));
      }
    }
  }

  RotationView shape_;
  std::vector<std::uint32_t> sign_bits_;
  std::vector<TermSigns> terms_;
};

}  // namespace roste::cuda
