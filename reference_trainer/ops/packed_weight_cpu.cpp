#include <algorithm>

#include "reference_trainer/ops/packed_weight.h"
#include "reference_trainer/ops/quant_scheme.h"
#include "reference_trainer/ops/row_tiles.h"
#include "roste/cpu/multiply.h"
#include "roste/cpu/quantize_packed.h"

namespace trainer {
namespace {

using roste::cpu::MatrixView;

template <class Packed>
auto rows_of(Packed& packed) {
  using Byte = std::remove_pointer_t<decltype(packed.codes.data())>;
  return MatrixView<Byte>(packed.codes.data(), packed.rows,
                          static_cast<std::int64_t>(packed.row_bytes()));
}

template <class Code>
void arrange_as(const PackedWeight& packed, CodedWeight<Cpu>& coded) {
  std::vector<Code> codes(static_cast<std::size_t>(packed.rows * packed.cols));
  const MatrixView<Code> view(codes.data(), packed.rows, packed.cols);
  roste::cpu::unpack(packed.scheme, rows_of(packed), view);
  const MatrixView<const Code> read(codes.data(), packed.rows, packed.cols);
  coded.make() =
      roste::cpu::ProductWeights(roste::cpu::Quantized<Code>{packed.scheme, read, packed.params});
}

}  // namespace

PackedWeight make_packed_weight(const QuantizerSettings& settings, std::int64_t out,
                                std::int64_t in) {
  PackedWeight packed{scheme_of(settings, in), out, in, {}, {}};
  packed.params.resize(static_cast<std::size_t>(out));
  packed.codes.resize(static_cast<std::size_t>(out) * packed.row_bytes());
  return packed;
}

PackedWeight pack_weight(const QuantizerSettings& settings, MatrixView<const float> w) {
  PackedWeight packed = make_packed_weight(settings, w.rows, w.cols);
  roste::cpu::quantize_packed(packed.scheme, w, std::span(packed.params), rows_of(packed));
  return packed;
}

PackedWeight pack_weight(const QuantizerSettings& settings,
                         std::span<const roste::GroupParams> params, MatrixView<const float> w) {
  PackedWeight packed = make_packed_weight(settings, w.rows, w.cols);
  packed.params.assign(params.begin(), params.end());
  roste::cpu::encode_packed(packed.scheme, w, std::span<const roste::GroupParams>(packed.params),
                            rows_of(packed));
  return packed;
}

PackedWeight pack_codes(const QuantizerSettings& settings,
                        std::span<const roste::GroupParams> params,
                        MatrixView<const std::int16_t> codes) {
  const auto count = static_cast<std::size_t>(codes.rows * codes.cols);
  return roste::pack_matrix(scheme_of(settings, codes.cols), codes.rows, codes.cols,
                            {params.begin(), params.end()}, std::span(codes.data, count));
}

void unpack_values(const PackedWeight& packed, MatrixView<float> values) {
  roste::cpu::dequantize_packed(packed.scheme, rows_of(packed),
                                std::span<const roste::GroupParams>(packed.params), values);
}

void encode_weight(Cpu&, const QuantizerSettings& settings, const Tensor<Cpu>& w,
                   PackedWeight& packed) {
  packed = pack_weight(settings, {w.data(), w.rows(), w.cols()});
}

void decode_weight(Cpu& cpu, const PackedWeight& packed, Tensor<Cpu>& values) {
  values.reshape(cpu, packed.rows, packed.cols);
  const RowTiles tiles(values);
  for_each_tile(cpu, tiles, [&](std::int64_t tile) {
    const RowTiles::View part = tiles.of(values, tile);
    const std::span params(packed.params.data() + tiles.first_row(tile),
                           static_cast<std::size_t>(part.rows));
    roste::cpu::dequantize_packed(packed.scheme, tiles.of(rows_of(packed), tile), params, part);
  });
}

void arrange_codes(Cpu&, const PackedWeight& packed, CodedWeight<Cpu>& coded) {
  if (packed.scheme.grid.codes.min < 0) {
    arrange_as<std::int8_t>(packed, coded);
  } else {
    arrange_as<std::uint8_t>(packed, coded);
  }
}

}  // namespace trainer
