#include <span>

#include "reference_trainer/ops/coded_matmul.h"
#include "reference_trainer/ops/cpu_chunks.h"
#include "reference_trainer/ops/quant_scheme.h"
#include "reference_trainer/ops/row_tiles.h"
#include "roste/cpu/multiply.h"
#include "roste/cpu/quantize.h"
#include "roste/cpu/weight_values.h"

namespace trainer {
namespace {

using roste::cpu::MatrixView;

bool zero_is_a_code(const QuantizerSettings& s) {
  return s.symmetry == Symmetry::kSymmetric || s.range == Range::kZeroIncluded;
}

template <class Code>
MatrixView<Code> codes_of(Tensor<Cpu, std::uint8_t>& codes) {
  return {reinterpret_cast<Code*>(codes.data()), codes.rows(), codes.cols()};
}

template <class Code>
MatrixView<const Code> codes_of(const Tensor<Cpu, std::uint8_t>& codes) {
  return {reinterpret_cast<const Code*>(codes.data()), codes.rows(), codes.cols()};
}

template <class Code>
void quantize_rows_as(Cpu& cpu, const roste::Scheme& scheme, Tensor<Cpu>& x, CodedRows<Cpu>& q) {
  const RowTiles tiles(x);
  for_each_tile(cpu, tiles, [&](std::int64_t tile) {
    const RowTiles::View values = tiles.of(x, tile);
    const MatrixView<Code> codes = tiles.of(codes_of<Code>(q.codes), tile);
    const std::span<roste::GroupParams> params(q.params.data() + tiles.first_row(tile),
                                               static_cast<std::size_t>(values.rows));
    roste::cpu::quantize(scheme, values, params, codes);
    roste::cpu::dequantize(scheme, codes, std::span<const roste::GroupParams>(params), values);
  });
}

// Large products are cut at rows, where a tile's codes are arranged once for all outputs; those of
// few rows at panels of 32 outputs, so that threads share the reading of the weights. The borders
// depend on the shape alone, and so does nothing else: every cut gives the same bits.
constexpr std::int64_t kTileRows = 192;
constexpr std::int64_t kFewRows = 32;
constexpr std::int64_t kTilePanels = 8;

template <class Code>
void multiply_rows(Cpu& cpu, const CodedRows<Cpu>& x, const roste::cpu::ProductWeights& w,
                   const Tensor<Cpu>& bias, Tensor<Cpu>& y) {
  const roste::Scheme scheme = scheme_of(x.settings, x.codes.cols());
  const std::span<const float> b(bias.data(), static_cast<std::size_t>(bias.size()));
  for_chunks(cpu, y.rows(), kTileRows, [&](std::int64_t first, std::int64_t last) {
    const auto rows = static_cast<std::size_t>(last - first);
    const MatrixView<const Code> codes = codes_of<Code>(x.codes);
    const roste::cpu::Quantized<Code> part{
        scheme,
        {codes.row(first), last - first, codes.cols, codes.stride},
        std::span(x.params.data() + first, rows)};
    roste::cpu::multiply(part, w, b, {y.data() + first * y.cols(), last - first, y.cols()});
  });
}

template <class Code>
void multiply_panels(Cpu& cpu, const CodedRows<Cpu>& x, const roste::cpu::ProductWeights& w,
                     const Tensor<Cpu>& bias, Tensor<Cpu>& y) {
  const roste::cpu::Quantized<Code> rows{
      scheme_of(x.settings, x.codes.cols()), codes_of<Code>(x.codes),
      std::span(x.params.data(), static_cast<std::size_t>(x.params.size()))};
  // One thread arranges the activations once; every cut at panels gives the same bits.
  const std::int64_t each = cpu.pool().threads() == 1 ? w.panel_count() : kTilePanels;
  auto& workspaces = x.scratch.of_tasks((w.panel_count() + each - 1) / each);
  for_chunks(cpu, w.panel_count(), each, [&](std::int64_t first, std::int64_t last) {
    const roste::cpu::WeightPanels panels = w.panels(first, last);
    const std::int64_t column = first * roste::cpu::WeightPanels::kOutputs;
    const auto outputs = static_cast<std::size_t>(panels.outputs);
    const std::span<const float> b =
        bias.empty() ? std::span<const float>() : std::span(bias.data() + column, outputs);
    roste::cpu::multiply(rows, panels, b, {y.data() + column, y.rows(), panels.outputs, y.cols()},
                         workspaces[static_cast<std::size_t>(first / each)]);
  });
}

template <class Code>
void multiply_as(Cpu& cpu, const CodedRows<Cpu>& x, const roste::cpu::ProductWeights& w,
                 const Tensor<Cpu>& bias, Tensor<Cpu>& y) {
  if (y.rows() <= kFewRows) {
    multiply_panels<Code>(cpu, x, w, bias, y);
  } else {
    multiply_rows<Code>(cpu, x, w, bias, y);
  }
}

}  // namespace

bool multiplies_codes(const QuantizerSettings& activation, const QuantizerSettings& weight) {
  return activation.enabled() && weight.enabled() && zero_is_a_code(activation) &&
         zero_is_a_code(weight);
}

CodedWeight<Cpu>::CodedWeight() = default;
CodedWeight<Cpu>::~CodedWeight() = default;
CodedWeight<Cpu>::CodedWeight(CodedWeight&&) noexcept = default;
CodedWeight<Cpu>& CodedWeight<Cpu>::operator=(CodedWeight&&) noexcept = default;

roste::cpu::ProductWeights& CodedWeight<Cpu>::make() {
  if (!weights_) weights_ = std::make_unique<roste::cpu::ProductWeights>();
  return *weights_;
}

ProductScratch<Cpu>::ProductScratch() = default;
ProductScratch<Cpu>::~ProductScratch() = default;
ProductScratch<Cpu>::ProductScratch(ProductScratch&&) noexcept = default;
ProductScratch<Cpu>& ProductScratch<Cpu>::operator=(ProductScratch&&) noexcept = default;

std::vector<roste::cpu::ProductWorkspace>& ProductScratch<Cpu>::of_tasks(std::int64_t tasks) {
  if (!workspaces_) workspaces_ = std::make_unique<std::vector<roste::cpu::ProductWorkspace>>();
  const auto needed = static_cast<std::size_t>(tasks);
  if (workspaces_->size() < needed) workspaces_->resize(needed);
  return *workspaces_;
}

void quantize_rows(Cpu& cpu, const QuantizerSettings& settings, Tensor<Cpu>& x,
                   CodedRows<Cpu>& codes) {
  codes.settings = settings;
  codes.codes.reshape(cpu, x.rows(), x.cols());
  codes.params.reshape(cpu, 1, x.rows());
  const roste::Scheme scheme = scheme_of(settings, x.cols());
  if (settings.symmetry == Symmetry::kSymmetric) {
    quantize_rows_as<std::int8_t>(cpu, scheme, x, codes);
  } else {
    quantize_rows_as<std::uint8_t>(cpu, scheme, x, codes);
  }
}

void encode_weight(Cpu&, const QuantizerSettings& settings, const Tensor<Cpu>& w,
                   CodedWeight<Cpu>& coded) {
  const roste::Scheme scheme = scheme_of(settings, w.cols());
  roste::cpu::ProductWorkspace workspace;
  coded.make().quantize({scheme, {w.data(), w.rows(), w.cols()}}, workspace);
}

void quantize_weight(Cpu& cpu, const QuantizerSettings& settings, Tensor<Cpu>& w,
                     CodedWeight<Cpu>& coded) {
  encode_weight(cpu, settings, w, coded);
  fake_quantize(cpu, settings, w.cols(), w);
}

void decode_weight(Cpu& cpu, const CodedWeight<Cpu>& coded, Tensor<Cpu>& w) {
  const roste::cpu::ProductWeights& weights = coded.weights();
  w.reshape(cpu, weights.outputs(), weights.inputs());
  for_chunks(cpu, weights.panel_count(), 1, [&](std::int64_t first, std::int64_t last) {
    const roste::cpu::WeightPanels panels = weights.panels(first, last);
    float* row = w.data() + first * roste::cpu::WeightPanels::kOutputs * w.cols();
    roste::cpu::dequantize(panels, {row, panels.outputs, w.cols()});
  });
}

void coded_matmul_nt(Cpu& cpu, const CodedRows<Cpu>& x, const CodedWeight<Cpu>& w,
                     const Tensor<Cpu>& bias, Tensor<Cpu>& y) {
  const roste::cpu::ProductWeights& weights = w.weights();
  y.reshape(cpu, x.codes.rows(), weights.outputs());
  if (x.settings.symmetry == Symmetry::kSymmetric) {
    multiply_as<std::int8_t>(cpu, x, weights, bias, y);
  } else {
    multiply_as<std::uint8_t>(cpu, x, weights, bias, y);
  }
}

}  // namespace trainer
