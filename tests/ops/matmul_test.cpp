#include "reference_trainer/ops/matmul.h"

#include <stdexcept>
#include <string>

#include "tests/ops/tensors.h"

namespace trainer::test {
namespace {

// How the twin reads its operands; the letters of the ops.
enum class Layout { kNormal, kTransposed };

double element(const Tensor<Cpu>& t, Layout layout, std::int64_t row, std::int64_t col) {
  return layout == Layout::kNormal ? t.data()[row * t.cols() + col]
                                   : t.data()[col * t.cols() + row];
}

struct Product {
  std::int64_t m, n, k;
  Layout a, b;
};

// |computed - exact| <= (k + 2) u (|c0| + sum |a b|): k products and k additions in any order.
void expect_product(const Product& p, const Tensor<Cpu>& a, const Tensor<Cpu>& b,
                    const std::vector<float>& c0, const Tensor<Cpu>& c) {
  ASSERT_EQ(c.rows(), p.m);
  ASSERT_EQ(c.cols(), p.n);
  for (std::int64_t i = 0; i < p.m; ++i) {
    for (std::int64_t j = 0; j < p.n; ++j) {
      double sum = c0[i * p.n + j], size = std::abs(sum);
      for (std::int64_t x = 0; x < p.k; ++x) {
        const double term = element(a, p.a, i, x) * element(b, p.b, x, j);
        sum += term;
        size += std::abs(term);
      }
      const double bound = static_cast<double>(p.k + 2) * kUnit * size;
      ASSERT_NEAR(c.data()[i * p.n + j], sum, bound) << "row " << i << ", column " << j;
    }
  }
}

struct Size {
  std::int64_t m, n, k;
};

// Nothing, one value, odd shapes, the borders of the few-row path, and several ragged tiles.
const std::vector<Size> kSizes{{0, 3, 2},   {3, 0, 2},    {2, 3, 0},     {1, 1, 1},
                               {3, 5, 7},   {1, 300, 33}, {4, 129, 257}, {5, 129, 17},
                               {8, 7, 513}, {259, 17, 5}, {17, 601, 3},  {261, 270, 65}};

class Matmul : public testing::TestWithParam<Size> {
 protected:
  Cpu cpu{2};
  const Size size = GetParam();
  std::vector<float> zeros = std::vector<float>(size.m * size.n, 0.0f);
};

TEST_P(Matmul, NtAgainstTheDoubleTwin) {
  const auto [m, n, k] = size;
  const Tensor<Cpu> a = random_tensor(cpu, m, k, 1), b = random_tensor(cpu, n, k, 2);
  Tensor<Cpu> c = constant_tensor(cpu, 1, 1, 9.0f);
  matmul_nt(cpu, a, b, c);
  expect_product({m, n, k, Layout::kNormal, Layout::kTransposed}, a, b, zeros, c);
}

TEST_P(Matmul, NnAgainstTheDoubleTwin) {
  const auto [m, n, k] = size;
  const Tensor<Cpu> a = random_tensor(cpu, m, k, 3), b = random_tensor(cpu, k, n, 4);
  Tensor<Cpu> c;
  matmul_nn(cpu, a, b, c);
  expect_product({m, n, k, Layout::kNormal, Layout::kNormal}, a, b, zeros, c);
}

TEST_P(Matmul, NnAddKeepsWhatWasThere) {
  const auto [m, n, k] = size;
  const Tensor<Cpu> a = random_tensor(cpu, m, k, 5), b = random_tensor(cpu, k, n, 6);
  Tensor<Cpu> c = random_tensor(cpu, m, n, 7);
  const std::vector<float> before = floats(c);
  matmul_nn_add(cpu, a, b, c);
  expect_product({m, n, k, Layout::kNormal, Layout::kNormal}, a, b, before, c);
}

TEST_P(Matmul, NtAddKeepsWhatWasThere) {
  const auto [m, n, k] = size;
  const Tensor<Cpu> a = random_tensor(cpu, m, k, 5), b = random_tensor(cpu, n, k, 6);
  Tensor<Cpu> c = random_tensor(cpu, m, n, 7);
  const std::vector<float> before = floats(c);
  matmul_nt_add(cpu, a, b, c);
  expect_product({m, n, k, Layout::kNormal, Layout::kTransposed}, a, b, before, c);
}

TEST_P(Matmul, TnAddKeepsWhatWasThere) {
  const auto [m, n, k] = size;
  const Tensor<Cpu> a = random_tensor(cpu, k, m, 8), b = random_tensor(cpu, k, n, 9);
  Tensor<Cpu> c = random_tensor(cpu, m, n, 10);
  const std::vector<float> before = floats(c);
  matmul_tn_add(cpu, a, b, c);
  expect_product({m, n, k, Layout::kTransposed, Layout::kNormal}, a, b, before, c);
}

TEST_P(Matmul, SameBitsForAnyThreads) {
  const auto m = size.m, n = size.n, k = size.k;
  expect_same_bits_for_any_threads([&](Cpu& c) {
    const Tensor<Cpu> a = random_tensor(c, m, k, 1), b = random_tensor(c, n, k, 2);
    const Tensor<Cpu> at = random_tensor(c, k, m, 3), bt = random_tensor(c, k, n, 4);
    Tensor<Cpu> nt, nn, sum = random_tensor(c, m, n, 5);
    matmul_nt(c, a, b, nt);
    matmul_nn(c, a, bt, nn);
    matmul_nn_add(c, a, bt, sum);
    matmul_nt_add(c, a, b, sum);
    matmul_tn_add(c, at, bt, sum);
    std::vector<float> all = floats(nt);
    for (const Tensor<Cpu>* t : {&nn, &sum})
      all.insert(all.end(), t->data(), t->data() + t->size());
    return all;
  });
}

INSTANTIATE_TEST_SUITE_P(Sizes, Matmul, testing::ValuesIn(kSizes), [](const auto& param) {
  return std::to_string(param.param.m) + "x" + std::to_string(param.param.n) + "x" +
         std::to_string(param.param.k);
});

TEST(MatmulShapes, UnequalInnerDimensionsAreRefused) {
  Cpu cpu(1);
  const Tensor<Cpu> a = random_tensor(cpu, 2, 3, 1), b = random_tensor(cpu, 4, 5, 2);
  Tensor<Cpu> c;
  EXPECT_THROW(matmul_nt(cpu, a, b, c), std::invalid_argument);
  EXPECT_THROW(matmul_nn(cpu, a, b, c), std::invalid_argument);
  EXPECT_THROW(matmul_nn_add(cpu, a, b, c), std::invalid_argument);
  EXPECT_THROW(matmul_nt_add(cpu, a, b, c), std::invalid_argument);
  EXPECT_THROW(matmul_tn_add(cpu, a, b, c), std::invalid_argument);
}

TEST(MatmulShapes, AnAddedToOutputMustFit) {
  Cpu cpu(1);
  const Tensor<Cpu> a = random_tensor(cpu, 3, 3, 1);
  Tensor<Cpu> c = constant_tensor(cpu, 3, 2, 0.0f);
  EXPECT_THROW(matmul_nn_add(cpu, a, a, c), std::invalid_argument);
  EXPECT_THROW(matmul_nt_add(cpu, a, a, c), std::invalid_argument);
  EXPECT_THROW(matmul_tn_add(cpu, a, a, c), std::invalid_argument);
}

}  // namespace
}  // namespace trainer::test
