// Packed codes are bytes, whatever a caller's own word is.
// Refused with: no matching function
#include "roste/cpu/quantize_packed.h"

#ifndef ROSTE_MUST_NOT_COMPILE
using Byte = std::uint8_t;
#else
using Byte = std::uint32_t;
#endif

void unpack(const roste::Scheme& scheme, roste::cpu::MatrixView<const Byte> bytes,
            roste::cpu::MatrixView<std::uint8_t> codes) {
  roste::cpu::unpack(scheme, bytes, codes);
}
