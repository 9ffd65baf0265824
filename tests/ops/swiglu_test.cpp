#include "reference_trainer/ops/swiglu.h"

#include <limits>
#include <stdexcept>

#include "tests/ops/gradcheck.h"

namespace trainer::test {
namespace {

Values twin(const Values& gate, const Values& up) {
  Values y(gate.size());
  for (std::size_t i = 0; i < y.size(); ++i) y[i] = gate[i] / (1 + std::exp(-gate[i])) * up[i];
  return y;
}

TEST(SwiGlu, GoldenValues) {
  Cpu cpu(1);
  Tensor<Cpu> y;
  // silu(1) = 0.7310585786, silu(-1) = -0.2689414214.
  swiglu_forward(cpu, tensor_of(cpu, 1, 3, {0, 1, -1}), tensor_of(cpu, 1, 3, {5, 2, 10}), y);
  EXPECT_EQ(y.data()[0], 0.0f);
  EXPECT_FLOAT_EQ(y.data()[1], 1.4621172f);
  EXPECT_FLOAT_EQ(y.data()[2], -2.6894142f);
}

// exp within 2 ulp and four more roundings, on values of at most 1: 8 u.
TEST(SwiGlu, ForwardAgainstTheDoubleTwin) {
  Cpu cpu(2);
  for (const std::int64_t cols : {1, 15, 16, 17, 333}) {
    const Tensor<Cpu> gate = random_tensor(cpu, 101, cols, 1),
                      up = random_tensor(cpu, 101, cols, 2);
    Tensor<Cpu> y;
    swiglu_forward(cpu, gate, up, y);
    EXPECT_EQ(y.rows(), 101);
    expect_near(y, twin(doubles(gate), doubles(up)), 8 * kUnit);
  }
}

TEST(SwiGlu, LargeGatesSaturateWithoutOverflow) {
  Cpu cpu(1);
  for (const int copies : {1, 16}) {  // the scalar and the vector exponential
    const Tensor<Cpu> up = constant_tensor(cpu, 2, copies, 3);
    Tensor<Cpu> gate = constant_tensor(cpu, 2, copies, 200), y;
    std::fill_n(gate.data() + copies, copies, -200.0f);
    swiglu_forward(cpu, gate, up, y);
    EXPECT_EQ(y.data()[0], 600.0f);
    EXPECT_NEAR(y.data()[copies], 0.0, 1e-30);
  }
}

TEST(SwiGlu, ANanStaysVisible) {
  Cpu cpu(1);
  Tensor<Cpu> gate = constant_tensor(cpu, 1, 40, 1), up = constant_tensor(cpu, 1, 40, 1), y;
  gate.data()[3] = gate.data()[39] = std::numeric_limits<float>::quiet_NaN();
  swiglu_forward(cpu, gate, up, y);
  for (int i = 0; i < 40; ++i) EXPECT_EQ(std::isnan(y.data()[i]), i == 3 || i == 39) << i;
}

// Ten roundings on values of at most 1.2, and the error of the differences.
TEST(SwiGlu, BackwardAgainstCentralDifferences) {
  Cpu cpu(2);
  Tensor<Cpu> gate = random_tensor(cpu, 3, 97, 1), up = random_tensor(cpu, 3, 97, 2);  // two blocks
  const Tensor<Cpu> dy = random_tensor(cpu, 3, 97, 3);
  for (std::int64_t i = 0; i < gate.size(); ++i) gate.data()[i] *= 4;  // into the bends of silu
  const Values gates = doubles(gate), ups = doubles(up), upstream = doubles(dy);
  swiglu_backward(cpu, dy, gate, up);
  const auto by_gate = [&](const Values& v) { return dot(upstream, twin(v, ups)); };
  const auto by_up = [&](const Values& v) { return dot(upstream, twin(gates, v)); };
  expect_near(gate, numeric_gradient(gates, by_gate), 12 * kUnit + 1e-9);
  expect_near(up, numeric_gradient(ups, by_up), 40 * kUnit + 1e-9);  // silu reaches 4
}

TEST(SwiGlu, SameBitsForAnyThreads) {
  expect_same_bits_for_any_threads([](Cpu& cpu) {
    Tensor<Cpu> gate = random_tensor(cpu, 300, 201, 1), up = random_tensor(cpu, 300, 201, 2), y;
    swiglu_forward(cpu, gate, up, y);
    swiglu_backward(cpu, y, gate, up);
    std::vector<float> all = floats(gate);
    all.insert(all.end(), up.data(), up.data() + up.size());
    return all;
  });
}

TEST(SwiGlu, UnequalShapesAreRefused) {
  Cpu cpu(1);
  Tensor<Cpu> a = constant_tensor(cpu, 2, 3, 0), b = constant_tensor(cpu, 3, 2, 0), y;
  EXPECT_THROW(swiglu_forward(cpu, a, b, y), std::invalid_argument);
  EXPECT_THROW(swiglu_backward(cpu, a, a, b), std::invalid_argument);
  EXPECT_THROW(swiglu_backward(cpu, a, b, a), std::invalid_argument);
}

}  // namespace
}  // namespace trainer::test
