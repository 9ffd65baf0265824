// Quantized weights, arranged for integer products.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <stdexcept>
#include <string>

#include "roste/cpu/detail/aligned_vector.h"
#include "roste/cpu/detail/shift_codes.h"
#include "roste/cpu/product_rows.h"
#include "roste/cpu/simd/multiply.h"
#include "roste/cpu/weight_panels.h"

namespace roste::cpu {

// Weights [outputs, inputs] of a linear layer: half a byte each up to 4 bits, one byte up to 8, and
// 12 bytes per output and group, or 16 where products may be paired (ProductMethod). Several
// threads may read one.
class ProductWeights {
 public:
  ProductWeights() = default;

  // From codes [outputs, inputs]. Throws std::invalid_argument for groups along the inputs that are
  // no multiples of 4, grids of more than 8 bits, codes outside of the grid, and params that are
  // not one per group, with a positive finite scale and a zero point of at most 2^30 in magnitude.
  template <CodeType Code>
  explicit ProductWeights(const Quantized<Code>& w, Isa isa = best_isa()) {
    const GroupLayout layout = group_layout(w.scheme.grouping, w.codes.rows, w.codes.cols);
    detail::check_params(layout, w.params);
    detail::check_code_type<Code>(w.scheme.grid.codes);
    ProductWorkspace workspace;
    start(w.scheme, w.codes.rows, w.codes.cols, isa);
    take_panels<Code>(w, workspace, isa);
  }

  // Quantizes w [outputs, inputs]. Throws NonFiniteError, and std::invalid_argument as above.
  explicit ProductWeights(const ToQuantize& w, Isa isa = best_isa()) {
    ProductWorkspace workspace;
    quantize(w, workspace, isa);
  }

  // The same into the memory of earlier weights: a second call for the same shape allocates
  // nothing. After a throw the weights are unspecified.
  void quantize(const ToQuantize& w, ProductWorkspace& workspace, Isa isa = best_isa()) {
    start(w.scheme, w.values.rows, w.values.cols, isa);
    detail::fit_shared(w, workspace, isa);
    if (w.scheme.grid.codes.min < 0) {
      take_panels<std::int8_t>(w, workspace, isa);
    } else {
      take_panels<std::uint8_t>(w, workspace, isa);
    }
  }

  std::int64_t outputs() const { return shape_.outputs; }
  std::int64_t inputs() const { return shape_.inputs; }
  std::int64_t panel_count() const { return detail::panels_of(shape_.outputs); }

  // Memory that a product reads.
  std::size_t bytes() const { return codes_.size() + 12 * scales_.size() + 4 * pairs_.size(); }

  operator WeightPanels() const { return panels(0, panel_count()); }

  // The panels [first, last): the outputs from WeightPanels::kOutputs first up to kOutputs last.
  // Products with parts are parts of the product, bit for bit. Throws std::invalid_argument for a
  // range outside.
  WeightPanels panels(std::int64_t first, std::int64_t last) const {
    if (first < 0 || first > last || last > panel_count()) {
      throw std::invalid_argument("roste: panels " + std::to_string(first) + " to " +
                                  std::to_string(last) + " of weights with " +
                                  std::to_string(panel_count()) + " panels");
    }
    WeightPanels all = shape_;
    all.codes = codes_.data();
    all.terms = {scales_.data(), zeros_.data(), centres_.data(),
                 pairs_.empty() ? nullptr : pairs_.data()};
    return all.part(first, last);
  }

 private:
  void start(const Scheme& scheme, std::int64_t outputs, std::int64_t inputs, Isa isa) {
    shape_ = detail::empty_panels(scheme, outputs, inputs);
    codes_.resize(static_cast<std::size_t>(panel_count() * shape_.panel_bytes()));
    const std::int64_t terms = panel_count() * shape_.groups * detail::kPanelOutputs;
    scales_.assign(static_cast<std::size_t>(terms), 0.0f);
    zeros_.assign(static_cast<std::size_t>(terms), 0);
    centres_.assign(static_cast<std::size_t>(terms), 0);
    const bool paired = isa == Isa::kAvx512 && detail::pairs_fit(scheme.grid.codes) &&
                        inputs % (2 * detail::kStepInputs) == 0 &&
                        (shape_.groups <= 1 || shape_.group_size % (2 * detail::kStepInputs) == 0);
    pairs_.assign(paired ? static_cast<std::size_t>(terms) : 0, 0);
  }

  // Where the terms of an output in a group stand.
  std::size_t term(std::int64_t output, std::int64_t group) const {
    const std::int64_t panel = output / detail::kPanelOutputs;
    return static_cast<std::size_t>((panel * shape_.groups + group) * detail::kPanelOutputs +
                                    output % detail::kPanelOutputs);
  }

  // Source: Quantized<Code> or ToQuantize.
  template <class Code, class Source>
  void take_panels(const Source& w, ProductWorkspace& workspace, Isa isa) {
    const std::int64_t stride = detail::chunks_of(inputs()) * detail::kChunkInputs;
    const std::int64_t panel_rows = inputs() == 0 ? 0 : outputs();
    for (std::int64_t first = 0; first < panel_rows; first += detail::kPanelOutputs) {
      std::uint8_t* bytes = detail::reserved(workspace.rows, detail::kPanelOutputs * stride);
      std::memset(bytes, 0, static_cast<std::size_t>(detail::kPanelOutputs * stride));
      const detail::RowRange range{first, std::min(first + detail::kPanelOutputs, outputs())};
      const auto rows = detail::take_rows<Code>(w, range, workspace, isa);
      for (std::int64_t r = 0; r < range.count(); ++r) {
        take_row(w.scheme.grid.codes, first + r, rows, bytes + r * stride, isa);
      }
      const std::int64_t panel = first / detail::kPanelOutputs;
      std::uint8_t* to = codes_.data() + panel * shape_.panel_bytes();
      detail::interleave_panel(bytes, stride, shape_, to);
      if (!pairs_.empty()) take_pairs(panel, to);
    }
  }

  void take_pairs(std::int64_t panel, const std::uint8_t* codes) {
    for (std::int64_t g = 0; g < shape_.groups; ++g) {
      detail::sum_weight_pairs(shape_.width, codes, shape_.steps(g),
                               pairs_.data() + term(panel * detail::kPanelOutputs, g));
    }
  }

  template <class Code>
  void take_row(CodeRange codes, std::int64_t output, const detail::QuantizedRows<Code>& rows,
                std::uint8_t* bytes, Isa isa) {
    const std::int64_t r = output % detail::kPanelOutputs;
    for (std::int64_t g = 0; g < shape_.groups; ++g) {
      const std::int64_t first = g * shape_.group_size;
      const detail::ShiftedRun run =
          detail::shift_codes(rows.codes.row(r) + first, shape_.group_inputs(g), {codes, codes.min},
                              bytes + first, isa);
      if (!run.valid) detail::throw_code_outside("weights", output, codes);
      take_group(output, g, rows.params_of(r, g), codes, run.sum);
    }
  }

  // sum: of q - codes.min.
  void take_group(std::int64_t output, std::int64_t group, GroupParams params, CodeRange codes,
                  std::int64_t sum) {
    const std::int64_t zero = static_cast<std::int64_t>(params.zero) - codes.min;
    const std::size_t t = term(output, group);
    scales_[t] = params.scale;
    zeros_[t] = static_cast<std::int32_t>(zero);  // modulo 2^32, as all sums
    centres_[t] = static_cast<std::int32_t>(sum - shape_.group_inputs(group) * zero);
    if (t == 0) shape_.zero = zeros_[0];
    shape_.one_zero &= zeros_[t] == shape_.zero;
    shape_.largest_offset = std::max(shape_.largest_offset, largest_offset(codes, params.zero));
  }

  WeightPanels shape_;  // without pointers
  AlignedVector<std::uint8_t> codes_;
  AlignedVector<float> scales_;                          // s_w [panel][group][32]
  AlignedVector<std::int32_t> zeros_, centres_, pairs_;  // of detail::OutputTerms, there as well
};

}  // namespace roste::cpu
