#include "tests/survival/allocations.h"

#include <cstdlib>
#include <new>

namespace {

long left = trainer::kAllAllocations;

bool refused() {
  if (left < 0) return false;
  if (left == 0) return true;
  --left;
  return false;
}

}  // namespace

namespace trainer {

void allow_allocations(long count) { left = count; }

}  // namespace trainer

void* operator new(std::size_t size) {
  void* memory = refused() ? nullptr : std::malloc(size == 0 ? 1 : size);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
