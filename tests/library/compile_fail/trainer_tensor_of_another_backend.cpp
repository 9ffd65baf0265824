// Memory of another device must not reach a loop of the CPU.
// Refused with: Tensor<OtherDevice
#include <memory>

#include "reference_trainer/ops/elementwise.h"

struct OtherDevice {
  template <class T>
  using Buffer = std::unique_ptr<T[]>;

  template <class T>
  Buffer<T> allocate(std::size_t count) {
    return std::make_unique<T[]>(count);
  }
};
static_assert(trainer::Backend<OtherDevice>);

#ifndef ROSTE_MUST_NOT_COMPILE
using Owner = trainer::Cpu;
#else
using Owner = OtherDevice;
#endif

void add_foreign(trainer::Cpu& cpu, const trainer::Tensor<Owner>& x,
                 trainer::Tensor<trainer::Cpu>& y) {
  trainer::add(cpu, x, y);
}
