// Token embedding: a table lookup and its scatter-add.
#pragma once

#include "reference_trainer/ops/bfloat16.h"

namespace trainer {

// x[i, :] := table[tokens[i], :]; tokens is [1, N], table [vocab, d], x is reshaped to [N, d].
// Throws std::out_of_range for a token outside the table.
void embedding_forward(Cpu& cpu, const Indices<Cpu>& tokens, const Tensor<Cpu>& table,
                       Tensor<Cpu>& x);

// The same from a table in bfloat16, whose values x gets exactly.
void embedding_forward(Cpu& cpu, const Indices<Cpu>& tokens, const BFloat16s<Cpu>& table,
                       Tensor<Cpu>& x);

// dtable[tokens[i], :] += dx[i, :], in the order of i for every row of the table.
void embedding_backward(Cpu& cpu, const Indices<Cpu>& tokens, const Tensor<Cpu>& dx,
                        Tensor<Cpu>& dtable);

}  // namespace trainer
