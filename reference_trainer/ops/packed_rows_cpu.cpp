#include <stdexcept>

#include "reference_trainer/ops/packed_rows.h"
#include "reference_trainer/ops/quant_scheme.h"
#include "reference_trainer/ops/row_tiles.h"
#include "roste/cpu/quantize_packed.h"

namespace trainer {
namespace {

using roste::cpu::MatrixView;
using Bytes = Tensor<Cpu, std::uint8_t>;

MatrixView<std::uint8_t> view_of(Bytes& t) { return {t.data(), t.rows(), t.cols()}; }
MatrixView<const std::uint8_t> view_of(const Bytes& t) { return {t.data(), t.rows(), t.cols()}; }

template <class Code>
void pack_as(Cpu& cpu, const roste::Scheme& scheme, const Bytes& codes, Bytes& bytes) {
  const RowTiles tiles(codes.rows(), codes.cols());
  const MatrixView<const Code> from(reinterpret_cast<const Code*>(codes.data()), codes.rows(),
                                    codes.cols());
  for_each_tile(cpu, tiles, [&](std::int64_t tile) {
    roste::cpu::pack(scheme, tiles.of(from, tile), tiles.of(view_of(bytes), tile));
  });
}

}  // namespace

void pack_rows(Cpu& cpu, const CodedRows<Cpu>& codes, PackedRows<Cpu>& packed) {
  if (codes.empty()) throw std::invalid_argument("pack_rows: expected codes, got none");
  const std::int64_t rows = codes.codes.rows(), cols = codes.codes.cols();
  const roste::Scheme scheme = scheme_of(codes.settings, cols);
  packed.settings = codes.settings;
  packed.cols = cols;
  const auto bytes = roste::packed_bytes(static_cast<std::size_t>(cols), codes.settings.bits);
  packed.bytes.reshape(cpu, rows, static_cast<std::int64_t>(bytes));
  packed.params.reshape(cpu, 1, rows);
  std::copy_n(codes.params.data(), rows, packed.params.data());
  if (codes.settings.symmetry == Symmetry::kSymmetric) {
    pack_as<std::int8_t>(cpu, scheme, codes.codes, packed.bytes);
  } else {
    pack_as<std::uint8_t>(cpu, scheme, codes.codes, packed.bytes);
  }
}

void unpack_rows(Cpu& cpu, const PackedRows<Cpu>& packed, Tensor<Cpu>& x) {
  x.reshape(cpu, packed.bytes.rows(), packed.cols);
  const roste::Scheme scheme = scheme_of(packed.settings, packed.cols);
  const RowTiles tiles(x.rows(), x.cols());
  for_each_tile(cpu, tiles, [&](std::int64_t tile) {
    const RowTiles::View values = tiles.of(x, tile);
    const std::span params(packed.params.data() + tiles.first_row(tile),
                           static_cast<std::size_t>(values.rows));
    roste::cpu::dequantize_packed(scheme, tiles.of(view_of(packed.bytes), tile), params, values);
  });
}

}  // namespace trainer
