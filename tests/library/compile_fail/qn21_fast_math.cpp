// -ffast-math takes NaN away and flushes small numbers: refused, unless it is asked for by name.
// Refused with: roste needs IEEE arithmetic
// Flags: -ffast-math
#ifndef ROSTE_MUST_NOT_COMPILE
#define ROSTE_ALLOW_FAST_MATH
#endif
#include "roste/core/quantizer.h"

float half(float x) { return roste::detail::usable_scale(x) / 2; }
