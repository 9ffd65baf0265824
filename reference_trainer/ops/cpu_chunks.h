// How the CPU ops cut their work: chunks whose borders depend on shapes only, so that sums and
// products are the same bits for every number of threads. Private to the *_cpu.cpp files.
#pragma once

#include <algorithm>
#include <functional>
#include <stdexcept>
#include <string>

#include "reference_trainer/backend/backend.h"

namespace trainer {

// About 10 microseconds of memory-bound work: far above the cost of a hand-over between threads.
inline constexpr std::int64_t kValuesPerChunk = 1 << 14;

// 64 floats: four AVX-512 registers, and whole cache lines wherever rows are.
inline constexpr std::int64_t kColumnsPerTile = 64;

// body(begin, end) for consecutive ranges of `chunk` indices that cover 0 ... count - 1.
template <class Body>
void for_chunks(Cpu& cpu, std::int64_t count, std::int64_t chunk, const Body& body) {
  const auto task = [&](std::int64_t i) { body(i * chunk, std::min(count, (i + 1) * chunk)); };
  cpu.pool().parallel_for((count + chunk - 1) / chunk, std::cref(task));
}

// Ranges of rows that hold about kValuesPerChunk values each.
template <class Body>
void for_row_chunks(Cpu& cpu, std::int64_t rows, std::int64_t cols, const Body& body) {
  const std::int64_t chunk = kValuesPerChunk / std::max<std::int64_t>(cols, 1);
  for_chunks(cpu, rows, std::max<std::int64_t>(chunk, 1), body);
}

// Throws std::invalid_argument unless got == expected; `what` names the op and the dimension.
inline void require_equal(const char* what, std::int64_t got, std::int64_t expected) {
  if (got == expected) return;
  throw std::invalid_argument(std::string(what) + ": got " + std::to_string(got) + ", expected " +
                              std::to_string(expected));
}

// The same for the rows and the columns of two tensors.
template <class T, class U>
void require_same_shape(const char* what, const Tensor<Cpu, T>& got,
                        const Tensor<Cpu, U>& expected) {
  if (got.rows() == expected.rows() && got.cols() == expected.cols()) return;
  throw std::invalid_argument(std::string(what) + ": got " + std::to_string(got.rows()) + " x " +
                              std::to_string(got.cols()) + ", expected " +
                              std::to_string(expected.rows()) + " x " +
                              std::to_string(expected.cols()));
}

}  // namespace trainer
