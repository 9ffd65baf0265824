// A team that is a block of a CUDA grid: each() is the calling thread itself.
#pragma once

#include <cstdint>
#include <cstring>

#include "roste/cuda/team/kernel_function.h"

namespace roste::cuda {

class DeviceTeam {
 public:
  __device__ __forceinline__ int threads() const { return static_cast<int>(blockDim.x); }
  __device__ __forceinline__ std::int64_t block() const { return blockIdx.x; }
  __device__ __forceinline__ std::int64_t blocks() const { return gridDim.x; }

  template <class F>
  __device__ __forceinline__ void each(F&& f) {
    f(static_cast<int>(threadIdx.x));
  }

  __device__ __forceinline__ void sync() { __syncthreads(); }

  template <class T>
  class Private {
   public:
    __device__ __forceinline__ explicit Private(DeviceTeam&) {}
    __device__ __forceinline__ T& operator[](int) { return value_; }

   private:
    T value_;
  };

  template <class T>
  class Shared {
   public:
    __device__ __forceinline__ explicit Shared(T* cells) : cells_(cells) {}
    __device__ __forceinline__ T load(int i) const { return cells_[i]; }
    __device__ __forceinline__ void store(int i, T value) { cells_[i] = value; }

   private:
    T* cells_;
  };

  // The launcher's dynamic shared memory, from its start: a body asks once.
  template <class T>
  __device__ __forceinline__ Shared<T> shared(int) {
    extern __shared__ __align__(16) unsigned char roste_shared_memory[];
    return Shared<T>(reinterpret_cast<T*>(roste_shared_memory));
  }

  // Exchanges within warps first, at distances 16, 8, 4, 2, 1; then warps in ascending order.
  template <class T, class Op>
  __device__ __forceinline__ void reduce(Private<T>& values, int width, Op op) {
    T& value = values[0];
    for (int offset = (width < kWarp ? width : kWarp) / 2; offset > 0; offset /= 2) {
      value = op(value, exchanged(value, offset));
    }
    if (width > kWarp) {
      __shared__ __align__(8) unsigned char storage[kLargestBlock / kWarp * sizeof(T)];
      T* warps = reinterpret_cast<T*>(storage);  // T may have initialisers, shared arrays must not
      const int warp = static_cast<int>(threadIdx.x) / kWarp, run = width / kWarp;
      if (threadIdx.x % kWarp == 0) warps[warp] = value;
      __syncthreads();
      value = warps[warp / run * run];
      for (int w = 1; w < run; ++w) value = op(value, warps[warp / run * run + w]);
      __syncthreads();  // the array may be used again
    }
  }

  static __device__ __forceinline__ void lower(std::uint64_t* cell, std::uint64_t value) {
    static_assert(sizeof(unsigned long long) == sizeof(std::uint64_t));
    atomicMin(reinterpret_cast<unsigned long long*>(cell), value);
  }

 private:
  // The value of the thread at this distance, word by word.
  template <class T>
  static __device__ __forceinline__ T exchanged(const T& value, int offset) {
    static_assert(sizeof(T) % sizeof(unsigned) == 0);
    unsigned words[sizeof(T) / sizeof(unsigned)];
    std::memcpy(words, &value, sizeof(T));
    ROSTE_UNROLLED
    for (unsigned& word : words) word = __shfl_xor_sync(0xffffffffu, word, offset);
    T result;
    std::memcpy(&result, words, sizeof(T));
    return result;
  }
};

}  // namespace roste::cuda
