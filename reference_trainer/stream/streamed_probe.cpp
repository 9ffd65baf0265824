#include "reference_trainer/stream/streamed_probe.h"

#include <algorithm>

namespace trainer {

TokenBatch probe_batch(const ModelShape& shape) {
  SftSample sample;
  const std::int64_t length =
      std::min<std::int64_t>(64, std::max<std::int64_t>(2, shape.max_positions));
  for (std::int64_t i = 0; i < length; ++i) {
    sample.tokens.push_back(static_cast<TokenId>(i * 7919 % shape.vocab_size));  // 7919: a prime
    sample.target.push_back(1);
  }
  const SftSample* samples[] = {&sample};
  return make_batch(samples);
}

}  // namespace trainer
