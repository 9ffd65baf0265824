// Memory of the device that is freed with its owner.
#pragma once

#include <cuda_runtime.h>

#include <cstddef>
#include <span>
#include <utility>

#include "roste/cuda/error.cuh"

namespace roste::cuda {

// An array of T in the memory of the current device. Movable, not copyable.
template <class T>
class DeviceArray {
 public:
  DeviceArray() = default;
  // Uninitialised. Throws CudaError.
  explicit DeviceArray(std::size_t size) : size_(size) {
    if (size > 0) check(cudaMalloc(&data_, size * sizeof(T)), "cudaMalloc");
  }
  // A copy of host values. Throws CudaError.
  explicit DeviceArray(std::span<const T> values) : DeviceArray(values.size()) {
    if (size_ == 0) return;
    check(cudaMemcpy(data_, values.data(), values.size_bytes(), cudaMemcpyHostToDevice),
          "copying to the device");
  }
  DeviceArray(DeviceArray&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  DeviceArray& operator=(DeviceArray&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    return *this;
  }
  ~DeviceArray() { cudaFree(data_); }

  T* data() const { return data_; }
  std::size_t size() const { return size_; }

  // Waits for `stream`, then copies into host values of the same size. Throws CudaError.
  void copy_to(std::span<T> values, cudaStream_t stream) const {
    if (size_ == 0) return;
    check(
        cudaMemcpyAsync(values.data(), data_, values.size_bytes(), cudaMemcpyDeviceToHost, stream),
        "copying to the host");
    check(cudaStreamSynchronize(stream), "waiting for the stream");
  }

 private:
  T* data_ = nullptr;
  std::size_t size_ = 0;
};

// Uninitialised scratch memory for what is queued on a stream until the owner ends: taken and given
// back in the stream's order, so nobody waits.
template <class T>
class StreamArray {
 public:
  // Throws CudaError.
  StreamArray(std::size_t size, cudaStream_t stream) : stream_(stream) {
    if (size > 0) check(cudaMallocAsync(&data_, size * sizeof(T), stream), "cudaMallocAsync");
  }
  StreamArray(const StreamArray&) = delete;
  StreamArray& operator=(const StreamArray&) = delete;
  ~StreamArray() {
    if (data_ != nullptr) cudaFreeAsync(data_, stream_);
  }

  T* data() const { return data_; }

 private:
  T* data_ = nullptr;
  cudaStream_t stream_;
};

}  // namespace roste::cuda
