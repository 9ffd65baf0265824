// A granularity in the place of the symmetry.
// Refused with: SymmetryPolicy
#include "roste/core/quantizer.h"

#ifndef ROSTE_MUST_NOT_COMPILE
using Spec = roste::QuantSpec<4, roste::Symmetric, roste::PerRow>;
#else
using Spec = roste::QuantSpec<4, roste::PerRow, roste::PerRow>;
#endif

roste::Quantizer<Spec> quantizer() { return roste::Quantizer<Spec>{}; }
