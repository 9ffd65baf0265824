#include "reference_trainer/backend/copy.h"

#include <cstdint>
#include <stdexcept>

#include "tests/ops/tensors.h"

namespace trainer::test {
namespace {

TEST(Copy, FloatsAndIndicesComeBackAsTheyWent) {
  Cpu cpu(1);
  const std::vector<float> values{1.5f, -2, 0, 1e-40f, 3, 4};
  EXPECT_EQ(floats(tensor_of(cpu, 2, 3, values)), values);
  const Indices<Cpu> indices = indices_of(cpu, {7, -1, 2147483647});
  std::vector<std::int32_t> back(3);
  copy_to_host(cpu, indices, std::span(back));
  EXPECT_EQ(back, (std::vector<std::int32_t>{7, -1, 2147483647}));
}

TEST(Copy, UnequalSizesAreRefused) {
  Cpu cpu(1);
  Tensor<Cpu> t(cpu, 2, 3);
  std::vector<float> five(5);
  EXPECT_THROW(copy_to_device(cpu, std::span<const float>(five), t), std::invalid_argument);
  EXPECT_THROW(copy_to_host(cpu, t, std::span(five)), std::invalid_argument);
}

TEST(Copy, CopyTakesTheShapeAndEveryValue) {
  Cpu cpu(2);
  const Tensor<Cpu> from = random_tensor(cpu, 1001, 201, 1);  // four tasks, the last one ragged
  Tensor<Cpu> to;
  copy(cpu, from, to);
  EXPECT_EQ(to.rows(), 1001);
  EXPECT_EQ(to.cols(), 201);
  expect_same_bits(floats(to), floats(from));
}

TEST(Copy, FillZeroReachesEveryValueAndEmptyTensors) {
  Cpu cpu(2);
  Tensor<Cpu> t = random_tensor(cpu, 1001, 201, 2), empty;
  fill_zero(cpu, t);
  expect_same_bits(floats(t), std::vector<float>(1001 * 201, 0.0f));
  fill_zero(cpu, empty);
  EXPECT_TRUE(empty.empty());
}

TEST(Tensor, MemoryIsAlignedAndOnlyGrows) {
  Cpu cpu(1);
  Tensor<Cpu> t(cpu, 3, 5);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(t.data()) % 64, 0u);
  const float* before = t.data();
  t.reshape(cpu, 2, 7);
  EXPECT_EQ(t.data(), before);
  EXPECT_EQ(t.size(), 14);
}

}  // namespace
}  // namespace trainer::test
