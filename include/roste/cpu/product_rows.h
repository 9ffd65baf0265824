// The operands of an integer product, and their rows on the way into it: codes as they are, floats
// quantized a block of rows at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "roste/core/non_finite.h"
#include "roste/core/quantizer.h"
#include "roste/cpu/matrix_view.h"
#include "roste/cpu/product_workspace.h"
#include "roste/cpu/quantize.h"

namespace roste::cpu {

// Quantized values [rows, cols] that somebody else owns, as `quantize` gives them or a file holds
// them.
template <CodeType Code>
struct Quantized {
  Scheme scheme;
  MatrixView<const Code> codes;
  std::span<const GroupParams> params;  // one per group, row-major
};

// Values [rows, cols] that somebody else owns, and how they are to be quantized.
struct ToQuantize {
  Scheme scheme;
  MatrixView<const float> values;
};

namespace detail {

// Asks for all cache lines of some rows, without waiting for them.
template <class T>
void prefetch_rows(MatrixView<const T> rows) {
#if defined(__GNUC__)
  for (std::int64_t r = 0; r < rows.rows; ++r) {
    const char* row = reinterpret_cast<const char*>(rows.row(r));
    const auto bytes = rows.cols * static_cast<std::int64_t>(sizeof(T));
    for (std::int64_t i = 0; i < bytes; i += kCacheLine) __builtin_prefetch(row + i);
  }
#else
  (void)rows;
#endif
}

// The rows first <= r < last.
struct RowRange {
  std::int64_t first = 0, last = 0;
  std::int64_t count() const { return last - first; }
};

template <class T>
MatrixView<T> rows_of(MatrixView<T> matrix, RowRange rows) {
  return {matrix.row(rows.first), rows.count(), matrix.cols, matrix.stride};
}

// Params that a row of its own has; 0 when all rows share one.
inline std::int64_t params_per_row(const Scheme& scheme, std::int64_t cols) {
  if (scheme.grouping.kind == Grouping::Kind::kTensor) return 0;
  return group_layout(scheme.grouping, 1, cols).count;
}

// Codes and params of some rows.
template <class Code>
struct QuantizedRows {
  MatrixView<const Code> codes;
  const GroupParams* params = nullptr;
  std::int64_t per_row = 0;

  // Of row r in group g of the product; a row with one group uses it everywhere.
  const GroupParams& params_of(std::int64_t r, std::int64_t g) const {
    return params[r * per_row + (per_row > 1 ? g : 0)];
  }
};

// What a product reads.
template <class Code>
MatrixView<const Code> values_of(const Quantized<Code>& x) {
  return x.codes;
}
inline MatrixView<const float> values_of(const ToQuantize& x) { return x.values; }

template <class Code>
QuantizedRows<Code> take_rows(const Quantized<Code>& x, RowRange rows, ProductWorkspace&, Isa) {
  const std::int64_t per_row = params_per_row(x.scheme, x.codes.cols);
  return {rows_of(x.codes, rows), x.params.data() + rows.first * per_row, per_row};
}

// Fits what all rows share, before the first of them is taken.
inline void fit_shared(const ToQuantize& x, ProductWorkspace& workspace, Isa isa) {
  if (x.scheme.grouping.kind != Grouping::Kind::kTensor || x.values.cols == 0) return;
  fit(x.scheme, x.values, std::span<GroupParams>(reserved(workspace.params, 1), 1), isa);
}

// Quantizes some rows into the workspace. Throws NonFiniteError.
template <CodeType Code>
QuantizedRows<Code> take_rows(const ToQuantize& x, RowRange rows, ProductWorkspace& workspace,
                              Isa isa) {
  const MatrixView<const float> values = rows_of(x.values, rows);
  const std::int64_t per_row = params_per_row(x.scheme, values.cols);
  const std::int64_t count = per_row == 0 ? 1 : rows.count() * per_row;
  const std::span<GroupParams> params(reserved(workspace.params, count),
                                      static_cast<std::size_t>(count));
  const MatrixView<Code> codes(
      reinterpret_cast<Code*>(reserved(workspace.codes, values.rows * values.cols)), values.rows,
      values.cols);
  if (per_row == 0) {
    encode(x.scheme, values, std::span<const GroupParams>(params), codes, isa);
    return {codes, params.data(), per_row};
  }
  try {
    quantize(x.scheme, values, params, codes, isa);
  } catch (const NonFiniteError& error) {
    throw error.below(rows.first);
  }
  return {codes, params.data(), per_row};
}

}  // namespace detail

}  // namespace roste::cpu
