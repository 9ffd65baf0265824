// Where the model runs: a backend owns memory and threads; Tensor<B> is a matrix in its memory.
// A tensor of one backend handed to an op of another is a compile error.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <utility>

#include "reference_trainer/base/thread_pool.h"

namespace trainer {

// `bytes` of uninitialised memory that start at a cache line, which is also one AVX-512 register.
// Throws Error DF-05, with the size, where the system has no more.
void* aligned_memory(std::size_t bytes);

struct AlignedDelete {
  void operator()(void* p) const noexcept { ::operator delete[](p, std::align_val_t{64}); }
};

class Cpu {
 public:
  template <class T>
  using Buffer = std::unique_ptr<T[], AlignedDelete>;

  explicit Cpu(int threads) : pool_(std::make_unique<ThreadPool>(threads)) {}

  // For `count` values; see aligned_memory.
  template <class T>
  Buffer<T> allocate(std::size_t count) {
    return Buffer<T>(static_cast<T*>(aligned_memory(count * sizeof(T))));
  }

  ThreadPool& pool() { return *pool_; }

 private:
  std::unique_ptr<ThreadPool> pool_;
};

template <class B>
concept Backend = requires(B& backend, std::size_t count) {
  { backend.template allocate<float>(count) } -> std::same_as<typename B::template Buffer<float>>;
};

// A row-major matrix in the memory of B. A vector has one row.
template <Backend B, class T = float>
class Tensor {
 public:
  Tensor() = default;
  Tensor(B& backend, std::int64_t rows, std::int64_t cols) { reshape(backend, rows, cols); }

  // Gives the tensor a new shape; its values are unspecified afterwards. Memory only ever grows, so
  // a training loop allocates nothing once it has seen its largest batch.
  void reshape(B& backend, std::int64_t rows, std::int64_t cols) {
    const auto needed = static_cast<std::size_t>(rows * cols);
    if (needed > capacity_) {
      buffer_ = backend.template allocate<T>(needed);
      capacity_ = needed;
    }
    rows_ = rows;
    cols_ = cols;
  }

  std::int64_t rows() const { return rows_; }
  std::int64_t cols() const { return cols_; }
  std::int64_t size() const { return rows_ * cols_; }
  bool empty() const { return size() == 0; }
  T* data() { return buffer_.get(); }
  const T* data() const { return buffer_.get(); }

 private:
  typename B::template Buffer<T> buffer_;
  std::size_t capacity_ = 0;
  std::int64_t rows_ = 0, cols_ = 0;
};

template <Backend B>
using Indices = Tensor<B, std::int32_t>;

}  // namespace trainer
