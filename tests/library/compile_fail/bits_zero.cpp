// No grid has a single code.
// Refused with: roste::QuantSpec: Bits is at least 2 (1 for Asymmetric)
#include "roste/core/quantizer.h"

#ifndef ROSTE_MUST_NOT_COMPILE
using Spec = roste::QuantSpec<1, roste::Asymmetric, roste::PerRow>;
#else
using Spec = roste::QuantSpec<0, roste::Asymmetric, roste::PerRow>;
#endif

roste::Quantizer<Spec> quantizer() { return roste::Quantizer<Spec>{}; }
