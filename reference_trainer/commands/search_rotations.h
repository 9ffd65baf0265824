// Line 5 of Algorithm 1 for a command: the rotations that minimise eq. (12) at the present weights.
#pragma once

#include "reference_trainer/commands/error_report.h"
#include "reference_trainer/commands/session.h"
#include "reference_trainer/roste/calibrate.h"

namespace trainer {

struct SearchedRotations {
  RotationChoice choice;
  ErrorTable table;
  SearchResult result;
  nlohmann::json record;  // what --rotations FILE reads
};

// The quantizers of eq. (12): those of --search_quantizers.
inline QuantConfig quantizers_to_search(const CommandLine& line) {
  QuantConfig quant = line.quant;
  if (line.search_quantizers == SearchQuantizers::kTraining) return quant;
  for (QuantizerSettings* q : {&quant.weight, &quant.activation, &quant.kv})
    *q = {q->bits, Symmetry::kSymmetric, Range::kZeroIncluded, 1.0f};
  return quant;
}

// `folded` is unrotated and does not quantize.
template <Backend B>
SearchedRotations search_rotations(B& backend, const CommandLine& line, const Network<B>& folded,
                                   const std::vector<SftSample>& calibration) {
  const ModelShape& shape = folded.plan.shape;
  const std::uint64_t seed = line.rotation.rotation_seed;
  SearchedRotations found;
  found.table =
      measure_errors<B>(backend, folded, quantizers_to_search(line),
                        make_rotation_matrices(shape, seed, line.online_signs), calibration);
  found.result = choose_rotations(found.table, static_cast<std::size_t>(shape.layers), line.search);
  found.choice = choice_of(found.result, seed, line.online_signs);
  found.record = search_json(found.table, found.result, found.choice);
  return found;
}

}  // namespace trainer
