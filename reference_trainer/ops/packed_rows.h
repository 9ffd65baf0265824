// The inputs of linear layers at rest: what a backward pass reads of them takes as many bits a
// value as their codes have.
#pragma once

#include "reference_trainer/ops/coded_matmul.h"

namespace trainer {

// Q(x) of a matrix as packed codes (docs/formats.md, layout 1); one scale per row.
template <Backend B>
struct PackedRows {
  QuantizerSettings settings;
  std::int64_t cols = 0;
  Tensor<B, std::uint8_t> bytes;         // [N, ceil(cols * bits / 8)]
  Tensor<B, roste::GroupParams> params;  // [1, N]
};

// packed := codes, which must not be empty. Throws std::invalid_argument otherwise.
void pack_rows(Cpu& cpu, const CodedRows<Cpu>& codes, PackedRows<Cpu>& packed);

// x := Q(x), [N, cols]: the bits that quantize_rows left.
void unpack_rows(Cpu& cpu, const PackedRows<Cpu>& packed, Tensor<Cpu>& x);

}  // namespace trainer
