// The same codes from everywhere the library was compiled into.
#pragma once

#include <cstdint>
#include <vector>

#include "roste/cpu/quantize.h"

// Codes of 8 fixed rows of 96 values.
inline std::vector<std::uint8_t> fixed_codes() {
  std::vector<float> x(8 * 96);
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>((i * 37) % 101) - 50.5f;
  const roste::cpu::MatrixView<float> view(x.data(), 8, 96);
  const roste::Quantizer<roste::QuantSpec<4, roste::Asymmetric, roste::PerRow>> quantizer;
  std::vector<roste::GroupParams> params(8);
  std::vector<std::uint8_t> codes(x.size());
  roste::cpu::quantize(quantizer, view, params,
                       roste::cpu::MatrixView<std::uint8_t>(codes.data(), 8, 96));
  return codes;
}

std::vector<std::uint8_t> codes_of_a();
std::vector<std::uint8_t> codes_of_b();
// Computed while this program's globals were constructed.
const std::vector<std::uint8_t>& codes_before_main();
