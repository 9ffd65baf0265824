#include "reference_trainer/ops/bfloat16.h"

#include "reference_trainer/ops/cpu_chunks.h"
#include "roste/core/signs.h"

namespace trainer {
namespace {

constexpr std::int64_t kDrawsPerWord = 4;  // of 16 bits

static_assert(kValuesPerChunk % kDrawsPerWord == 0, "a word serves values of one chunk");

void round_range(std::uint64_t key, const float* x, std::int64_t begin, std::int64_t end,
                 std::uint16_t* y) {
  for (std::int64_t first = begin; first < end; first += kDrawsPerWord) {
    std::uint64_t word = roste::random_bits(key, static_cast<std::uint64_t>(first / kDrawsPerWord));
    const std::int64_t last = std::min(end, first + kDrawsPerWord);
    for (std::int64_t i = first; i < last; ++i, word >>= 16)
      y[i] = stochastic_bfloat16(x[i], static_cast<std::uint32_t>(word & 0xffff));
  }
}

}  // namespace

void round_to_nearest(Cpu& cpu, const Tensor<Cpu>& x, BFloat16s<Cpu>& y) {
  y.reshape(cpu, x.rows(), x.cols());
  for_chunks(cpu, x.size(), kValuesPerChunk, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) y.data()[i] = nearest_bfloat16(x.data()[i]);
  });
}

void round_stochastically(Cpu& cpu, std::uint64_t key, const Tensor<Cpu>& x, BFloat16s<Cpu>& y) {
  y.reshape(cpu, x.rows(), x.cols());
  for_chunks(cpu, x.size(), kValuesPerChunk, [&](std::int64_t begin, std::int64_t end) {
    round_range(key, x.data(), begin, end, y.data());
  });
}

void widen(Cpu& cpu, const BFloat16s<Cpu>& y, Tensor<Cpu>& x) {
  x.reshape(cpu, y.rows(), y.cols());
  for_chunks(cpu, y.size(), kValuesPerChunk, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) x.data()[i] = float_of_bfloat16(y.data()[i]);
  });
}

}  // namespace trainer
