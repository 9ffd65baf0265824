#include "reference_trainer/ops/embedding.h"

#include "reference_trainer/ops/cpu_chunks.h"

namespace trainer {
namespace {

void require_in_table(const Indices<Cpu>& tokens, std::int64_t vocab) {
  for (std::int64_t i = 0; i < tokens.size(); ++i) {
    const std::int32_t token = tokens.data()[i];
    if (token >= 0 && token < vocab) continue;
    throw std::out_of_range("embedding: token " + std::to_string(i) + " is " +
                            std::to_string(token) + ", expected 0 to " + std::to_string(vocab - 1));
  }
}

}  // namespace

void embedding_forward(Cpu& cpu, const Indices<Cpu>& tokens, const Tensor<Cpu>& table,
                       Tensor<Cpu>& x) {
  require_in_table(tokens, table.rows());
  const std::int64_t d = table.cols();
  x.reshape(cpu, tokens.size(), d);
  for_row_chunks(cpu, x.rows(), d, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      std::copy_n(table.data() + tokens.data()[i] * d, d, x.data() + i * d);
    }
  });
}

void embedding_forward(Cpu& cpu, const Indices<Cpu>& tokens, const BFloat16s<Cpu>& table,
                       Tensor<Cpu>& x) {
  require_in_table(tokens, table.rows());
  const std::int64_t d = table.cols();
  x.reshape(cpu, tokens.size(), d);
  for_row_chunks(cpu, x.rows(), d, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      const std::uint16_t* row = table.data() + tokens.data()[i] * d;
      std::transform(row, row + d, x.data() + i * d, float_of_bfloat16);
    }
  });
}

// Tiles of columns: a token may occur in many rows, and its sum keeps their order.
void embedding_backward(Cpu& cpu, const Indices<Cpu>& tokens, const Tensor<Cpu>& dx,
                        Tensor<Cpu>& dtable) {
  require_in_table(tokens, dtable.rows());
  require_equal("embedding_backward: rows of dx", dx.rows(), tokens.size());
  require_equal("embedding_backward: columns of dx", dx.cols(), dtable.cols());
  const std::int64_t d = dtable.cols();
  for_chunks(cpu, d, kColumnsPerTile, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = 0; i < dx.rows(); ++i) {
      const float* from = dx.data() + i * d;
      float* to = dtable.data() + tokens.data()[i] * d;
      for (std::int64_t c = begin; c < end; ++c) to[c] += from[c];
    }
  });
}

}  // namespace trainer
