#include <cstdint>
#include <cstdio>
#include <vector>

#include "roste/roste.h"

double error_of_second_unit(const std::vector<float>& x);

int main() {
  const std::vector<float> x = {3.5f, -1.6f, 0.1f, 1.1f};
  const roste::Quantizer<roste::QuantSpec<4, roste::Symmetric, roste::PerRow>> w4;
  std::vector<roste::GroupParams> params(1);
  std::vector<std::int8_t> codes(4);
  roste::cpu::quantize(w4, roste::cpu::MatrixView<const float>(x.data(), 1, 4), params,
                       roste::cpu::MatrixView<std::int8_t>(codes.data(), 1, 4));
  std::printf("scale %g codes %d %d %d %d error %.2f\n", params[0].scale, codes[0], codes[1],
              codes[2], codes[3], error_of_second_unit(x));
}
