// The Eigen interface of the library against its span interface.
#include <gtest/gtest.h>

#include "roste/cpu/eigen.h"
#include "tests/support/random_values.h"

namespace roste {
namespace {

using cpu::RowMatrix;

RowMatrix<float> example() {
  RowMatrix<float> x(6, 24);
  const std::vector<float> values = testing::gaussian(4, x.size());
  std::copy(values.begin(), values.end(), x.data());
  return x;
}

TEST(EigenInterface, QuantizeThenDequantizeIsFakeQuantize) {
  const Quantizer<QuantSpec<4, Asymmetric, PerRow>> a4;
  const RowMatrix<float> x = example();
  const cpu::QuantizedMatrix q = cpu::quantize(a4, x);
  EXPECT_EQ(q.params.size(), 6u);
  const RowMatrix<float> back = cpu::dequantize(a4, q);
  EXPECT_EQ(back, cpu::fake_quantize(a4, x));
  EXPECT_NEAR(cpu::measure(a4, x).squared_error, (back - x).cast<double>().squaredNorm(), 1e-6);
  EXPECT_GT(cpu::measure(a4, x).squared_error, 0.01);
}

TEST(EigenInterface, RotationIsUndone) {
  const Rotation rotation = Rotation::hadamard(12, 7);
  const RowMatrix<float> x = example();
  const RowMatrix<float> rotated = cpu::rotate_rows(rotation, x);
  EXPECT_GT((rotated - x).norm(), 1.0f);
  EXPECT_LT((cpu::rotate_rows_transposed(rotation, rotated) - x).norm(), 1e-5f);
}

}  // namespace
}  // namespace roste
