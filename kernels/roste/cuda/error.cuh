// Errors of the CUDA runtime as exceptions.
#pragma once

#include <cuda_runtime.h>

#include <source_location>
#include <stdexcept>
#include <string>

namespace roste::cuda {

// A call of the CUDA runtime failed. An error of an earlier kernel may come to light in a later
// call.
class CudaError : public std::runtime_error {
 public:
  CudaError(cudaError_t code, const std::string& what, const std::source_location& where)
      : std::runtime_error("roste: " + what + ": " + cudaGetErrorName(code) + ", " +
                           cudaGetErrorString(code) + " (" + where.file_name() + ":" +
                           std::to_string(where.line()) + ")"),
        code_(code) {}

  cudaError_t code() const { return code_; }

 private:
  cudaError_t code_;
};

// Throws CudaError unless code is cudaSuccess; what: the call or the kernel.
inline void check(cudaError_t code, const char* what,
                  const std::source_location& where = std::source_location::current()) {
  if (code != cudaSuccess) throw CudaError(code, what, where);
}

}  // namespace roste::cuda
