// A group has a scale, so it has a value.
// Refused with: roste::PerGroup<N>: N is a number of values, at least 1, or roste::kDynamic
#include "roste/core/quantizer.h"

#ifndef ROSTE_MUST_NOT_COMPILE
using Spec = roste::QuantSpec<4, roste::Symmetric, roste::PerGroup<1>>;
#else
using Spec = roste::QuantSpec<4, roste::Symmetric, roste::PerGroup<0>>;
#endif

roste::Quantizer<Spec> quantizer() { return roste::Quantizer<Spec>{}; }
