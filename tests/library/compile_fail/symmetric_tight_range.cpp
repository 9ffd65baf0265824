// Range policies say what an asymmetric grid covers; a symmetric one has no choice.
// Refused with: roste::QuantSpec: a Symmetric grid has one range, eq. (2)
#include "roste/core/quantizer.h"

#ifndef ROSTE_MUST_NOT_COMPILE
using Spec = roste::QuantSpec<4, roste::Asymmetric, roste::PerRow, roste::TightRange>;
#else
using Spec = roste::QuantSpec<4, roste::Symmetric, roste::PerRow, roste::TightRange>;
#endif

roste::Quantizer<Spec> quantizer() { return roste::Quantizer<Spec>{}; }
