// Quantizers compute in float; a matrix of double would lose what it was chosen for.
// Refused with: no matching function
// Refused with: Number
#include "roste/cpu/quantize.h"

#ifndef ROSTE_MUST_NOT_COMPILE
using Value = roste::BFloat16;
#else
using Value = double;
#endif

void quantize(const roste::Scheme& scheme, roste::cpu::MatrixView<Value> x) {
  roste::cpu::fake_quantize(scheme, x);
}
