// Nine bits do not fit the byte of a code.
// Refused with: roste::QuantSpec: Bits is at most 8: a code is stored in one byte
#include "roste/core/quantizer.h"

#ifndef ROSTE_MUST_NOT_COMPILE
using Spec = roste::QuantSpec<8, roste::Asymmetric, roste::PerRow>;
#else
using Spec = roste::QuantSpec<9, roste::Asymmetric, roste::PerRow>;
#endif

roste::Quantizer<Spec> quantizer() { return roste::Quantizer<Spec>{}; }
