#include "reference_trainer/ops/elementwise.h"

#include <stdexcept>

#include "tests/ops/tensors.h"

namespace trainer::test {
namespace {

TEST(Elementwise, AddAddsEveryValueOnce) {
  Cpu cpu(2);
  const Tensor<Cpu> x = random_tensor(cpu, 333, 151, 1);  // four chunks, the last one ragged
  Tensor<Cpu> y = random_tensor(cpu, 333, 151, 2);
  Values expected = doubles(y);
  for (std::size_t i = 0; i < expected.size(); ++i) expected[i] += x.data()[i];
  add(cpu, x, y);
  expect_near(y, expected, 0.0);  // sums of multiples of 2^-19 below 2 are exact in float32
}

TEST(Elementwise, BiasForwardAddsTheBiasToEveryRow) {
  Cpu cpu(2);
  for (const std::int64_t rows : {0, 1, 3, 300}) {
    const Tensor<Cpu> bias = random_tensor(cpu, 1, 131, 1);
    Tensor<Cpu> y = random_tensor(cpu, rows, 131, 2);
    Values expected = doubles(y);
    for (std::size_t i = 0; i < expected.size(); ++i) expected[i] += bias.data()[i % 131];
    bias_forward(cpu, bias, y);
    expect_near(y, expected, 0.0);
  }
}

TEST(Elementwise, BiasBackwardSumsColumnsOntoWhatWasThere) {
  Cpu cpu(2);
  for (const std::int64_t rows : {0, 1, 3, 300}) {
    const Tensor<Cpu> dy = random_tensor(cpu, rows, 131, 1);
    Tensor<Cpu> dbias = random_tensor(cpu, 1, 131, 2);
    Values expected = doubles(dbias);
    for (std::int64_t i = 0; i < dy.size(); ++i) expected[i % 131] += dy.data()[i];
    bias_backward(cpu, dy, dbias);
    // Every addition is off by u times a partial sum of at most rows + 1.
    expect_near(dbias, expected, static_cast<double>(rows * (rows + 1)) * kUnit);
  }
}

TEST(Elementwise, BiasBackwardAddsRowsInOrder) {
  Cpu cpu(3);
  // In row order 1 + 1e8 loses the 1 and the sum is 0; if the last two rows meet first it is 1.
  const Tensor<Cpu> dy = tensor_of(cpu, 3, 1, {1.0f, 1e8f, -1e8f});
  Tensor<Cpu> dbias = constant_tensor(cpu, 1, 1, 0.0f);
  bias_backward(cpu, dy, dbias);
  EXPECT_EQ(dbias.data()[0], 0.0f);
}

TEST(Elementwise, SameBitsForAnyThreads) {
  expect_same_bits_for_any_threads([](Cpu& cpu) {
    Tensor<Cpu> y = random_tensor(cpu, 300, 333, 1), dbias = random_tensor(cpu, 1, 333, 2);
    add(cpu, random_tensor(cpu, 300, 333, 3), y);
    bias_forward(cpu, dbias, y);
    bias_backward(cpu, y, dbias);
    return floats(dbias);
  });
}

TEST(Elementwise, UnequalShapesAreRefused) {
  Cpu cpu(1);
  Tensor<Cpu> x = constant_tensor(cpu, 2, 3, 0), y = constant_tensor(cpu, 3, 2, 0);
  EXPECT_THROW(add(cpu, x, y), std::invalid_argument);
  EXPECT_THROW(bias_forward(cpu, x, y), std::invalid_argument);
  EXPECT_THROW(bias_backward(cpu, x, y), std::invalid_argument);
}

}  // namespace
}  // namespace trainer::test
