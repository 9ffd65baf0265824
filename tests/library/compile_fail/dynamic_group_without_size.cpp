// A group size known only at run time has to be given at run time.
// Refused with: constraints not satisfied
// Refused with: kDynamicGroup
#include "roste/core/quantizer.h"

using Quantizer = roste::Quantizer<roste::QuantSpec<4, roste::Symmetric, roste::PerGroup<-1>>>;

Quantizer quantizer() {
#ifndef ROSTE_MUST_NOT_COMPILE
  return Quantizer(64);
#else
  return Quantizer();
#endif
}
