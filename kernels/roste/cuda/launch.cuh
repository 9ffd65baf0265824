// What all launchers share: how many values a thread holds, and the launch itself.
#pragma once

#include <cuda_runtime.h>

#include <cstddef>
#include <source_location>

#include "roste/cuda/body/hadamard.h"
#include "roste/cuda/body/lines.h"
#include "roste/cuda/error.cuh"
#include "roste/cuda/team/device_team.cuh"

namespace roste::cuda::detail {

// Blocks of shared memory beyond this size have to be asked for, per kernel.
inline constexpr std::size_t kUsualSharedBytes = 48 * 1024;

// Queues kernel(job) for `blocks` blocks. Throws CudaError.
template <class Job>
void launch(void (*kernel)(Job), const Job& job, dim3 blocks, int threads, std::size_t shared_bytes,
            cudaStream_t stream,
            const std::source_location& where = std::source_location::current()) {
  if (shared_bytes > kUsualSharedBytes) {
    check(cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize,
                               static_cast<int>(shared_bytes)),
          "shared memory of a kernel", where);
  }
  kernel<<<blocks, static_cast<unsigned>(threads), shared_bytes, stream>>>(job);
  check(cudaGetLastError(), "launching a kernel", where);
}

template <int kLog2Values>
std::size_t shared_bytes(const Lines& lines) {
  return sizeof(float) * static_cast<std::size_t>(lines.per_tile) *
         static_cast<std::size_t>(shared_line<kLog2Values>(lines.length));
}

}  // namespace roste::cuda::detail
