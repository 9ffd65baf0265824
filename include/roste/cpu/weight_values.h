// The way back from weights that are arranged for integer products.
#pragma once

#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <string>

#include "roste/core/grid.h"
#include "roste/cpu/detail/rounding.h"
#include "roste/cpu/matrix_view.h"
#include "roste/cpu/weight_panels.h"

namespace roste::cpu {

namespace detail {

// Where the codes of one output stand in its panel, less the smallest code.
struct PanelRow {
  const std::uint8_t* first;  // of the output's four inputs in step 0
  std::int64_t stride;        // bytes of a step
  int shift;                  // to the output's half of a byte
  std::uint32_t mask;

  std::int32_t code(std::int64_t input) const {
    const std::uint8_t byte = first[input / kStepInputs * stride + input % kStepInputs];
    return static_cast<std::int32_t>(byte >> shift & mask);
  }
};

inline PanelRow panel_row(const WeightPanels& w, std::int64_t output) {
  const std::int64_t c = output % kPanelOutputs, upper = c / 16;
  const std::uint8_t* panel = w.codes + output / kPanelOutputs * w.panel_bytes();
  const std::int64_t stride = step_bytes(w.width);
  if (w.width == CodeWidth::kByte) return {panel + 4 * c, stride, 0, 0xff};
  return {panel + 4 * (c % 16), stride, static_cast<int>(4 * upper), 0x0f};
}

}  // namespace detail

// values [w.outputs, w.inputs] := what the codes stand for: the bits that fake_quantize makes of
// the weights that were quantized. Throws std::invalid_argument for another shape.
inline void dequantize(const WeightPanels& w, MatrixView<float> values) {
  detail::require_rounding_to_nearest();
  if (values.rows != w.outputs || values.cols != w.inputs) {
    throw std::invalid_argument("roste: weights of " + std::to_string(w.outputs) + " x " +
                                std::to_string(w.inputs) + " codes into a " +
                                std::to_string(values.rows) + " x " + std::to_string(values.cols) +
                                " matrix; expected equal shapes");
  }
  for (std::int64_t output = 0; output < w.outputs; ++output) {
    const detail::PanelRow codes = detail::panel_row(w, output);
    for (std::int64_t g = 0; g < w.groups; ++g) {
      const detail::OutputTerms terms = w.terms_of(output / detail::kPanelOutputs, g);
      const std::int64_t c = output % detail::kPanelOutputs, first = g * w.group_size;
      const GroupParams params{terms.scales[c], terms.zeros[c]};
      float* to = values.row(output) + first;
      for (std::int64_t i = 0; i < w.group_inputs(g); ++i)
        to[i] = decode(codes.code(first + i), params);
    }
  }
}

}  // namespace roste::cpu
