#include "reference_trainer/ops/embedding.h"

#include <stdexcept>

#include "tests/ops/tensors.h"

namespace trainer::test {
namespace {

TEST(Embedding, ForwardLooksUpRows) {
  Cpu cpu(2);
  const Tensor<Cpu> table = tensor_of(cpu, 3, 2, {0, 1, 10, 11, 20, 21});
  Tensor<Cpu> x;
  embedding_forward(cpu, indices_of(cpu, {2, 0, 2, 1}), table, x);
  EXPECT_EQ(x.rows(), 4);
  EXPECT_EQ(floats(x), (std::vector<float>{20, 21, 0, 1, 20, 21, 10, 11}));
}

TEST(Embedding, BackwardAddsRepeatedTokensOntoWhatWasThere) {
  Cpu cpu(2);
  const Tensor<Cpu> dx = tensor_of(cpu, 3, 2, {1, 2, 3, 4, 5, 6});
  Tensor<Cpu> dtable = constant_tensor(cpu, 3, 2, 100.0f);
  embedding_backward(cpu, indices_of(cpu, {2, 0, 2}), dx, dtable);
  EXPECT_EQ(floats(dtable), (std::vector<float>{103, 104, 100, 100, 106, 108}));
}

TEST(Embedding, BackwardAddsInTheOrderOfTheTokens) {
  Cpu cpu(3);
  const Tensor<Cpu> dx = tensor_of(cpu, 3, 1, {1.0f, 1e8f, -1e8f});
  Tensor<Cpu> dtable = constant_tensor(cpu, 1, 1, 0.0f);
  embedding_backward(cpu, indices_of(cpu, {0, 0, 0}), dx, dtable);
  EXPECT_EQ(dtable.data()[0], 0.0f);  // 1 + 1e8 rounds to 1e8
}

TEST(Embedding, SameBitsForAnyThreads) {
  expect_same_bits_for_any_threads([](Cpu& cpu) {
    std::vector<std::int32_t> tokens(500);
    for (int i = 0; i < 500; ++i) tokens[i] = i * i % 17;
    Tensor<Cpu> dtable = random_tensor(cpu, 17, 201, 1), x;
    embedding_backward(cpu, indices_of(cpu, tokens), random_tensor(cpu, 500, 201, 2), dtable);
    embedding_forward(cpu, indices_of(cpu, tokens), dtable, x);
    return floats(x);
  });
}

TEST(Embedding, TokensOutsideTheTableAreRefused) {
  Cpu cpu(1);
  Tensor<Cpu> table = constant_tensor(cpu, 3, 2, 0), x;
  const Tensor<Cpu> dx = constant_tensor(cpu, 2, 2, 0);
  for (const std::int32_t token : {-1, 3, 1 << 30}) {
    const Indices<Cpu> tokens = indices_of(cpu, {0, token});
    EXPECT_THROW(embedding_forward(cpu, tokens, table, x), std::out_of_range);
    EXPECT_THROW(embedding_backward(cpu, tokens, dx, table), std::out_of_range);
  }
}

TEST(Embedding, NoTokensGiveNoRows) {
  Cpu cpu(2);
  Tensor<Cpu> table = constant_tensor(cpu, 3, 2, 1), x;
  embedding_forward(cpu, indices_of(cpu, {}), table, x);
  EXPECT_EQ(x.rows(), 0);
  embedding_backward(cpu, indices_of(cpu, {}), x, table);
  EXPECT_EQ(floats(table), std::vector<float>(6, 1.0f));
}

}  // namespace
}  // namespace trainer::test
