// Moving whole rows between matrices: the key/value cache and the hidden states that are scored.
#pragma once

#include <span>

#include "reference_trainer/backend/backend.h"

namespace trainer {

// y[i, :] := x[rows[i], :]; y is reshaped to [rows.size(), cols] and must not be x.
void gather_rows(Cpu& cpu, const Tensor<Cpu>& x, std::span<const std::int64_t> rows,
                 Tensor<Cpu>& y);

// y[rows[i], :] := x[i, :]; y keeps its shape. Rows must be distinct.
void scatter_rows(Cpu& cpu, const Tensor<Cpu>& x, std::span<const std::int64_t> rows,
                  Tensor<Cpu>& y);

}  // namespace trainer
