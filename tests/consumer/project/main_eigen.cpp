#include <cstdio>

#include "roste/cpu/eigen.h"

int main() {
  roste::cpu::RowMatrix<float> x(1, 4);
  x << 3.5f, -1.6f, 0.1f, 1.1f;
  const roste::Quantizer<roste::QuantSpec<4, roste::Symmetric, roste::PerRow>> w4;
  const roste::cpu::QuantizedMatrix q = roste::cpu::quantize(w4, x);
  std::printf("scale %g codes %d %d %d %d error %.2f\n", q.params[0].scale, q.codes(0, 0),
              q.codes(0, 1), q.codes(0, 2), q.codes(0, 3),
              roste::cpu::measure(w4, x).squared_error);
}
