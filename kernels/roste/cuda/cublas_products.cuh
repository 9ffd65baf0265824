// Integer sums by cuBLASLt. Link with cublasLt.
#pragma once

#include <cublasLt.h>
#include <cuda_runtime.h>

#include <cstdint>
#include <memory>
#include <source_location>
#include <stdexcept>
#include <string>
#include <type_traits>

#include "roste/cuda/fp8_bound.h"
#include "roste/cuda/matrix.h"
#include "roste/cuda/queue.cuh"

namespace roste::cuda {

// A call of cuBLASLt failed, or it has no kernel for a shape.
class CublasError : public std::runtime_error {
 public:
  CublasError(cublasStatus_t code, const std::string& what, const std::source_location& where)
      : std::runtime_error("roste: " + what + ": " + cublasLtGetStatusName(code) + ", " +
                           cublasLtGetStatusString(code) + " (" + where.file_name() + ":" +
                           std::to_string(where.line()) + ")") {}
};

inline void check(cublasStatus_t code, const std::string& what,
                  const std::source_location& where = std::source_location::current()) {
  if (code != CUBLAS_STATUS_SUCCESS) throw CublasError(code, what, where);
}

namespace detail {

template <auto kDestroy>
struct Destroy {
  template <class T>
  void operator()(T* handle) const {
    kDestroy(handle);
  }
};

template <class Handle, auto kDestroy>
using Owned = std::unique_ptr<std::remove_pointer_t<Handle>, Destroy<kDestroy>>;
using OwnedHandle = Owned<cublasLtHandle_t, cublasLtDestroy>;
using OwnedDesc = Owned<cublasLtMatmulDesc_t, cublasLtMatmulDescDestroy>;
using OwnedLayout = Owned<cublasLtMatrixLayout_t, cublasLtMatrixLayoutDestroy>;
using OwnedPreference = Owned<cublasLtMatmulPreference_t, cublasLtMatmulPreferenceDestroy>;

// cuBLASLt's names for the operands and the sums of one route.
template <class Byte>
struct RouteTypes;
template <>
struct RouteTypes<std::int8_t> {
  using Sum = std::int32_t;
  static constexpr cudaDataType_t kByte = CUDA_R_8I, kSum = CUDA_R_32I;
  static constexpr cublasComputeType_t kCompute = CUBLAS_COMPUTE_32I;
};
template <>
struct RouteTypes<E4m3> {
  using Sum = float;
  static constexpr cudaDataType_t kByte = CUDA_R_8F_E4M3, kSum = CUDA_R_32F;
  static constexpr cublasComputeType_t kCompute = CUBLAS_COMPUTE_32F;
};

// Row-major [rows, cols] as cuBLASLt sees it: column-major [cols, rows].
template <class T>
OwnedLayout layout_of(cudaDataType_t type, const DeviceMatrix<T>& x) {
  cublasLtMatrixLayout_t layout = nullptr;
  check(cublasLtMatrixLayoutCreate(&layout, type, static_cast<std::uint64_t>(x.cols),
                                   static_cast<std::uint64_t>(x.rows), x.stride),
        "describing a matrix");
  return OwnedLayout(layout);
}

}  // namespace detail

// Makes sums[m][n] = sum_k x[m][k] w[n][k] exactly. One per thread of the host.
class CublasProducts {
 public:
  // Takes 32 MiB of device memory for the library to work in. Throws CublasError and CudaError.
  CublasProducts() : workspace_(kWorkspaceBytes) {
    cublasLtHandle_t handle = nullptr;
    check(cublasLtCreate(&handle), "cublasLtCreate");
    handle_.reset(handle);
  }

  // x [tokens, k], w [outputs, k], sums [tokens, outputs]; k and the strides of x and w multiples
  // of
  // 16. Throws CublasError.
  void sums(const Queue& queue, DeviceMatrix<const std::int8_t> x,
            DeviceMatrix<const std::int8_t> w, DeviceMatrix<std::int32_t> sums) {
    multiply<std::int8_t>(queue, x, w, sums);
  }

  // The same where product_route says kFp8: sums are integers in floats.
  void sums(const Queue& queue, DeviceMatrix<const E4m3> x, DeviceMatrix<const E4m3> w,
            DeviceMatrix<float> sums) {
    multiply<E4m3>(queue, x, w, sums);
  }

 private:
  static constexpr std::size_t kWorkspaceBytes = std::size_t{32} << 20;

  // In column-major terms sums^T [outputs, tokens] = w x^T with w transposed back.
  template <class Byte>
  void multiply(const Queue& queue, DeviceMatrix<const Byte> x, DeviceMatrix<const Byte> w,
                DeviceMatrix<typename detail::RouteTypes<Byte>::Sum> sums) {
    using Types = detail::RouteTypes<Byte>;
    const detail::OwnedDesc product = describe<Types>();
    const detail::OwnedLayout of_w = detail::layout_of(Types::kByte, w);
    const detail::OwnedLayout of_x = detail::layout_of(Types::kByte, x);
    const detail::OwnedLayout of_sums = detail::layout_of(Types::kSum, sums);
    const std::string shape = "a product of " + std::to_string(x.rows) + " x " +
                              std::to_string(x.cols) + " by " + std::to_string(w.rows) + " rows";
    const cublasLtMatmulAlgo_t algorithm =
        choose(product.get(), of_w.get(), of_x.get(), of_sums.get(), shape);
    const typename Types::Sum one = 1, zero = 0;
    check(cublasLtMatmul(handle_.get(), product.get(), &one, w.data, of_w.get(), x.data, of_x.get(),
                         &zero, sums.data, of_sums.get(), sums.data, of_sums.get(), &algorithm,
                         workspace_.data(), kWorkspaceBytes, queue.stream()),
          shape);
  }

  template <class Types>
  static detail::OwnedDesc describe() {
    cublasLtMatmulDesc_t raw = nullptr;
    check(cublasLtMatmulDescCreate(&raw, Types::kCompute, Types::kSum), "describing a product");
    detail::OwnedDesc product(raw);
    const cublasOperation_t transposed = CUBLAS_OP_T;
    check(cublasLtMatmulDescSetAttribute(raw, CUBLASLT_MATMUL_DESC_TRANSA, &transposed,
                                         sizeof(transposed)),
          "describing a product");
    return product;
  }

  cublasLtMatmulAlgo_t choose(cublasLtMatmulDesc_t product, cublasLtMatrixLayout_t w,
                              cublasLtMatrixLayout_t x, cublasLtMatrixLayout_t sums,
                              const std::string& shape) const {
    cublasLtMatmulPreference_t raw = nullptr;
    check(cublasLtMatmulPreferenceCreate(&raw), "choosing a kernel");
    const detail::OwnedPreference preference(raw);
    const std::size_t bytes = kWorkspaceBytes;
    check(cublasLtMatmulPreferenceSetAttribute(raw, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES,
                                               &bytes, sizeof(bytes)),
          "choosing a kernel");
    cublasLtMatmulHeuristicResult_t result{};
    int found = 0;
    check(cublasLtMatmulAlgoGetHeuristic(handle_.get(), product, w, x, sums, sums, raw, 1, &result,
                                         &found),
          shape);
    if (found == 0) check(CUBLAS_STATUS_NOT_SUPPORTED, shape);
    return result.algo;
  }

  detail::OwnedHandle handle_;
  DeviceArray<std::uint8_t> workspace_;
};

}  // namespace roste::cuda
