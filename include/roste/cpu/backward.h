// Gradients through fake quantization and rotation.
#pragma once

#include <cstdint>

#include "roste/core/ste.h"
#include "roste/cpu/quantize.h"
#include "roste/cpu/rotate.h"

namespace roste::cpu {

// dx := dL/dx from dy = dL/dQ(x), with the straight-through rule of the template argument, eq. (6).
// x, dy, dx [rows, cols]; x is the input of fake_quantize; dx may be dy. Throws NonFiniteError for
// x, and std::invalid_argument for shapes that differ.
template <SteRule Rule = StraightThrough>
void fake_quantize_backward(const Scheme& scheme, MatrixView<const float> x,
                            MatrixView<const float> dy, MatrixView<float> dx) {
  detail::check_same_shape("the gradient", dy, x);
  detail::check_same_shape("the gradient", dy, dx);
  const GroupLayout layout = group_layout(scheme.grouping, x.rows, x.cols);
  for (std::int64_t g = 0; g < layout.count; ++g) {
    const GroupParams params = detail::fit_group(scheme.grid, layout, g, x);
    for (std::int64_t r = 0; r < layout.runs_per_group; ++r) {
      const std::int64_t row = layout.row_of(g, r), col = layout.col_of(g);
      for (std::int64_t c = col; c < col + layout.run; ++c) {
        dx.row(row)[c] =
            ste_gradient<Rule>(x.row(row)[c], params, scheme.grid.codes, dy.row(row)[c]);
      }
    }
  }
}

// dx := (dy masked by the rule) R^T: the gradient through rotate_rows and then fake_quantize,
// eq. (15). rotated_x is what rotate_rows made of x, the input of the quantizer. Aliases and errors
// as above.
template <SteRule Rule = StraightThrough>
void rotated_fake_quantize_backward(const Rotation& rotation, const Scheme& scheme,
                                    MatrixView<const float> rotated_x, MatrixView<const float> dy,
                                    MatrixView<float> dx) {
  fake_quantize_backward<Rule>(scheme, rotated_x, dy, dx);
  rotate_rows_transposed(rotation, dx);
}

}  // namespace roste::cpu
