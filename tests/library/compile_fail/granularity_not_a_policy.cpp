// A range in the place of the granularity.
// Refused with: GranularityPolicy
#include "roste/core/quantizer.h"

#ifndef ROSTE_MUST_NOT_COMPILE
using Spec = roste::QuantSpec<4, roste::Asymmetric, roste::PerRow>;
#else
using Spec = roste::QuantSpec<4, roste::Asymmetric, roste::TightRange>;
#endif

roste::Quantizer<Spec> quantizer() { return roste::Quantizer<Spec>{}; }
