// Weights of a linear layer as files hold them: packed codes, and a scale and a zero point for
// every output channel. On the host, whatever the backend.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "reference_trainer/ops/coded_matmul.h"
#include "roste/core/packed_matrix.h"
#include "roste/cpu/matrix_view.h"

namespace trainer {

// [out, in]; a group is a row. Empty: no rows.
using PackedWeight = roste::PackedMatrix;

// Codes of no rows yet, for weights [out, in] of this quantizer: scheme, sides, and room for codes
// and params. Throws std::invalid_argument unless bits are 2 ... 8.
PackedWeight make_packed_weight(const QuantizerSettings& settings, std::int64_t out,
                                std::int64_t in);

// The codes of Q(w), w [out, in]: those that quantize_weight multiplies. Throws
// std::invalid_argument unless bits are 2 ... 8, std::domain_error naming row and column of a
// non-finite value.
PackedWeight pack_weight(const QuantizerSettings& settings, roste::cpu::MatrixView<const float> w);

// The codes of w under given params, one per row; as round_weight (baselines/weight_clip.h). Throws
// as above.
PackedWeight pack_weight(const QuantizerSettings& settings,
                         std::span<const roste::GroupParams> params,
                         roste::cpu::MatrixView<const float> w);

// Codes [out, in] that exist already. Throws std::invalid_argument for codes outside of the grid.
PackedWeight pack_codes(const QuantizerSettings& settings,
                        std::span<const roste::GroupParams> params,
                        roste::cpu::MatrixView<const std::int16_t> codes);

// values [out, in] := what the codes stand for, the bits of fake_quantize.
void unpack_values(const PackedWeight& packed, roste::cpu::MatrixView<float> values);

// packed := pack_weight of a tensor.
void encode_weight(Cpu& cpu, const QuantizerSettings& settings, const Tensor<Cpu>& w,
                   PackedWeight& packed);

// unpack_values into a tensor.
void decode_weight(Cpu& cpu, const PackedWeight& packed, Tensor<Cpu>& values);

// coded := the same weights, arranged for products.
void arrange_codes(Cpu& cpu, const PackedWeight& packed, CodedWeight<Cpu>& coded);

}  // namespace trainer
