// The product of eq. (5) on codes: activations and weights are multiplied as integers and scaled
// once, so the forward pass of training computes what integer inference computes.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "reference_trainer/ops/quant.h"
#include "roste/core/grid.h"

namespace roste::cpu {
class ProductWeights;
struct ProductWorkspace;
}  // namespace roste::cpu

namespace trainer {

// True when the product of two such quantizers is taken on codes: both are on, and zero is a code
// of each, so that the differences q - z are small integers.
bool multiplies_codes(const QuantizerSettings& activation, const QuantizerSettings& weight);

// Memory of products of few rows, which are one token's in generation: it is kept between them.
template <Backend B>
class ProductScratch;

template <>
class ProductScratch<Cpu> {
 public:
  ProductScratch();
  ~ProductScratch();
  ProductScratch(ProductScratch&&) noexcept;
  ProductScratch& operator=(ProductScratch&&) noexcept;

  // One workspace for each task.
  std::vector<roste::cpu::ProductWorkspace>& of_tasks(std::int64_t tasks);

 private:
  std::unique_ptr<std::vector<roste::cpu::ProductWorkspace>> workspaces_;
};

// Q(x) of a linear layer's input; one scale per row. Empty where x is not quantized.
template <Backend B>
struct CodedRows {
  QuantizerSettings settings;
  Tensor<B, std::uint8_t> codes;         // [N, in]; two's complement where codes are signed
  Tensor<B, roste::GroupParams> params;  // [1, N]
  mutable ProductScratch<B> scratch;     // of products with these rows; one at a time

  bool empty() const { return codes.empty(); }
};

// Q(w) of a linear layer, arranged for products; one scale per output channel.
template <Backend B>
class CodedWeight;

template <>
class CodedWeight<Cpu> {
 public:
  CodedWeight();
  ~CodedWeight();
  CodedWeight(CodedWeight&&) noexcept;
  CodedWeight& operator=(CodedWeight&&) noexcept;

  bool empty() const { return weights_ == nullptr; }
  const roste::cpu::ProductWeights& weights() const { return *weights_; }
  roste::cpu::ProductWeights& make();  // allocates at the first call only

 private:
  std::unique_ptr<roste::cpu::ProductWeights> weights_;
};

// codes := the codes of Q(x), and x := Q(x); a group is a row. Throws std::domain_error naming row
// and column of a non-finite value.
void quantize_rows(Cpu& cpu, const QuantizerSettings& settings, Tensor<Cpu>& x,
                   CodedRows<Cpu>& codes);

// coded := Q(w), and w [out, in] := Q(w); a group is a row. Throws as quantize_rows.
void quantize_weight(Cpu& cpu, const QuantizerSettings& settings, Tensor<Cpu>& w,
                     CodedWeight<Cpu>& coded);

// coded := Q(w), and w keeps its values. Throws as quantize_rows.
void encode_weight(Cpu& cpu, const QuantizerSettings& settings, const Tensor<Cpu>& w,
                   CodedWeight<Cpu>& coded);

// w [out, in] := what the codes stand for: the bits that quantize_weight leaves.
void decode_weight(Cpu& cpu, const CodedWeight<Cpu>& coded, Tensor<Cpu>& w);

// y[N, out] := x[N, in] w^T + bias [1, out] (or empty), eq. (5). Throws std::invalid_argument on
// unequal dimensions and where a sum may exceed an int32.
void coded_matmul_nt(Cpu& cpu, const CodedRows<Cpu>& x, const CodedWeight<Cpu>& w,
                     const Tensor<Cpu>& bias, Tensor<Cpu>& y);

}  // namespace trainer
