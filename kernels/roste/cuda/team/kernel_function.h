// Marks the functions that a kernel's body consists of.
//
// A body is a template over a team of threads. nvcc compiles it for the device with the team of
// device_team.cuh; a C++ compiler alone compiles the same text for the host with the teams of
// host_team.h and checked_team.h. No translation unit holds both.
//
//   team.each([&](int t) { ... });       every thread t does this; each() is no barrier
//   team.sync();                         barrier, and what was shared before is visible after
//   typename Team::template Private<T>   one T per thread, in registers
//   team.template shared<T>(count)       memory of the block: load(i), store(i, value)
//   team.reduce(values, width, op)       folds runs of `width` threads, the same tree everywhere
//   team.lower(cell, value)              *cell := min(*cell, value), atomic among all threads
#pragma once

#if defined(__CUDACC__)
#define ROSTE_KERNEL __device__ __forceinline__
#define ROSTE_UNROLLED \
  _Pragma("unroll")  // before a loop: its index reaches registers as a constant
#define ROSTE_ROLLED _Pragma("unroll 1")  // or stays a loop
#else
#define ROSTE_KERNEL inline
#define ROSTE_UNROLLED
#define ROSTE_ROLLED
#endif

namespace roste::cuda {

inline constexpr int kWarp = 32;
inline constexpr int kLargestBlock = 1024;  // threads

// A fold covers 2, 4, ... 32 neighbouring threads, or whole warps.
constexpr bool can_reduce(int width) {
  return width > 0 && (width % kWarp == 0 || (width < kWarp && (width & (width - 1)) == 0));
}

}  // namespace roste::cuda
