// A rotation scales by 1 / sqrt(d), which integers cannot hold.
// Refused with: no matching function
// Refused with: RotatedNumber
#include "roste/cpu/rotate.h"

#ifndef ROSTE_MUST_NOT_COMPILE
using Number = float;
#else
using Number = int;
#endif

void rotate(const roste::Rotation& rotation, roste::cpu::MatrixView<Number> x) {
  roste::cpu::rotate_rows(rotation, x);
}
