// Where launchers queue their work, and how they report values that have no code.
#pragma once

#include <cuda_runtime.h>

#include <array>
#include <cstdint>
#include <limits>
#include <span>

#include "roste/core/non_finite.h"
#include "roste/cuda/body/range.h"
#include "roste/cuda/device_memory.cuh"
#include "roste/cuda/error.cuh"

namespace roste::cuda {

// A stream, and a cell of device memory in which its kernels note the first NaN or infinity that
// they were to quantize. Launchers return before their work is done; kernels run on where a value
// has no code and give its group arbitrary codes, which check_finite() turns into an error later.
class Queue {
 public:
  // The stream is the caller's. Throws CudaError.
  explicit Queue(cudaStream_t stream = nullptr)
      : stream_(stream), cell_(std::span<const std::uint64_t>(&kAllFinite, 1)) {}

  cudaStream_t stream() const { return stream_; }
  std::uint64_t* first_non_finite() const { return cell_.data(); }

  // Waits for everything queued so far. Throws NonFiniteError when a quantizer met NaN or infinity
  // since the last call, in matrices of `cols` columns: row and column of the first one; after a
  // fused rotation, those of the rotated matrix. Throws CudaError.
  void check_finite(std::int64_t cols) {
    std::uint64_t found = kAllFinite;
    cell_.copy_to(std::span<std::uint64_t>(&found, 1), stream_);
    if (found == kAllFinite) return;
    check(cudaMemcpyAsync(cell_.data(), &kAllFinite, sizeof(kAllFinite), cudaMemcpyHostToDevice,
                          stream_),
          "resetting the report of a queue");
    check(cudaStreamSynchronize(stream_), "waiting for the stream");
    const NonFinite where(found);
    throw NonFiniteError(where.value(), where.index() / cols, where.index() % cols);
  }

 private:
  cudaStream_t stream_;
  DeviceArray<std::uint64_t> cell_;
};

}  // namespace roste::cuda
