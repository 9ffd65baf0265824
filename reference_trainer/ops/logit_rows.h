// What the losses of a language model share: the rows that count, taken chunk by chunk, and the
// exponentials of a row of logits. Private to the *_cpu.cpp files.
#pragma once

#include <cmath>
#include <span>
#include <vector>

#include "reference_trainer/ops/cpu_chunks.h"
#include "reference_trainer/ops/cpu_maps.h"
#include "reference_trainer/ops/lm_head.h"

namespace trainer {

using RowList = std::vector<std::int64_t>;

// Throws std::out_of_range for a target beyond the vocabulary.
inline RowList rows_with_target(const Indices<Cpu>& targets, std::int64_t vocab) {
  RowList rows;
  for (std::int64_t i = 0; i < targets.size(); ++i) {
    const std::int32_t target = targets.data()[i];
    if (target >= vocab) {
      throw std::out_of_range("lm_head: target " + std::to_string(i) + " is " +
                              std::to_string(target) + ", expected less than " +
                              std::to_string(vocab));
    }
    if (target >= 0) rows.push_back(i);
  }
  return rows;
}

// body(rows) for consecutive runs of the rows that have a target.
template <class Body>
void for_target_chunks(const RowList& rows, const Body& body) {
  for (std::size_t begin = 0; begin < rows.size(); begin += kLogitRowsAtOnce) {
    const std::size_t count = std::min<std::size_t>(kLogitRowsAtOnce, rows.size() - begin);
    body(std::span(rows).subspan(begin, count));
  }
}

// Runs of 256 floats are summed in float, and those sums in double: 50 000 exponentials keep six
// digits more than a float sum would.
inline double sum_in_double(ConstArrayView values) {
  constexpr std::int64_t kRun = 256;
  double sum = 0;
  for (std::int64_t i = 0; i < values.size(); i += kRun) {
    sum += values.segment(i, std::min<std::int64_t>(kRun, values.size() - i)).sum();
  }
  return sum;
}

struct RowExponentials {
  double largest;  // logit
  double sum;      // of exp(logit - largest)
  double log_sum() const { return std::log(sum) + largest; }
};

// Replaces logits by exp(logit - largest logit).
inline RowExponentials exponentiate(ArrayView logits) {
  const float largest = logits.maxCoeff();
  logits = (logits - largest).exp();
  return {largest, sum_in_double({logits.data(), logits.size()})};
}

}  // namespace trainer
