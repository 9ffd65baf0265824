// Gradients through fake quantization and rotation.
#pragma once

#include <cstdint>

#include "roste/core/ste.h"
#include "roste/cpu/detail/group_loops.h"
#include "roste/cpu/detail/measure_kernel.h"
#include "roste/cpu/rotate.h"

namespace roste::cpu {

// dx := dL/dx from dy = dL/dQ(x), with the straight-through rule of the template argument, eq. (6).
// x, dy, dx [rows, cols]; x is the input of fake_quantize; dx may be dy. Throws NonFiniteError for
// x, and std::invalid_argument for shapes that differ.
template <SteRule Rule = StraightThrough>
void fake_quantize_backward(const Scheme& scheme, MatrixView<const float> x,
                            MatrixView<const float> dy, MatrixView<float> dx,
                            Isa isa = best_isa()) {
  detail::check_same_shape("the gradient", dy, x);
  detail::check_same_shape("the gradient", dy, dx);
  const detail::Job job(scheme, x.rows, x.cols, isa);
  for (std::int64_t g = 0; g < job.layout.count; ++g) {
    const GroupParams params = detail::fit_group(job, g, x);
    detail::for_each_run(job.layout, g, [&](std::int64_t row, std::int64_t col, std::int64_t n) {
      detail::ste_run<Rule>(isa, x.row(row) + col, params, scheme.grid.codes,
                            {dy.row(row) + col, dx.row(row) + col, n});
    });
  }
}

// dx := (dy masked by the rule) R^T: the gradient through rotate_rows and then fake_quantize,
// eq. (15). rotated_x is what rotate_rows made of x, the input of the quantizer. Aliases and errors
// as above.
template <SteRule Rule = StraightThrough>
void rotated_fake_quantize_backward(const Rotation& rotation, const Scheme& scheme,
                                    MatrixView<const float> rotated_x, MatrixView<const float> dy,
                                    MatrixView<float> dx, Isa isa = best_isa()) {
  fake_quantize_backward<Rule>(scheme, rotated_x, dy, dx, isa);
  rotate_rows_transposed(rotation, dx, isa);
}

}  // namespace roste::cpu
