// A host batch into the memory of a backend.
#pragma once

#include "reference_trainer/data/batches.h"
#include "reference_trainer/model/activations.h"

namespace trainer {

// A batch whose sequences attend to themselves.
inline SequenceSpans own_spans(const std::vector<std::int64_t>& begin) {
  SequenceSpans spans;
  for (std::size_t s = 0; s + 1 < begin.size(); ++s) {
    const std::int64_t length = begin[s + 1] - begin[s];
    spans.push_back({begin[s], length, begin[s], length});
  }
  return spans;
}

template <Backend B>
void load_indices(B& backend, const std::vector<std::int32_t>& host, Indices<B>& to) {
  to.reshape(backend, 1, static_cast<std::int64_t>(host.size()));
  copy_to_device<std::int32_t>(backend, host, to);
}

template <Backend B>
void load_batch(B& backend, const TokenBatch& batch, ModelInput<B>& input) {
  load_indices(backend, batch.tokens, input.tokens);
  load_indices(backend, batch.positions, input.positions);
  input.spans = own_spans(batch.begin);
}

}  // namespace trainer
