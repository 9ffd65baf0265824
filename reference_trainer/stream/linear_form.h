// How the weight of one linear layer gets into the files: what `rotate` and the forms of `quantize`
// differ in.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "reference_trainer/baselines/weight_clip.h"
#include "reference_trainer/stream/rounding_writer.h"

namespace trainer {

// One weight, folded and turned.
struct StreamedWeight {
  std::string name;          // "model.layers.0.self_attn.q_proj.weight"
  std::span<double> values;  // [out, in]; may be overwritten
  std::int64_t out, in;
};

struct LinearForm {
  // The tensors that the weight of this name and shape becomes, whose floats are of this type.
  std::function<std::vector<PlannedTensor>(const std::string& name, const LinearShape& shape,
                                           DType dtype)>
      tensors;
  // Writes them; stored [out * in] := the weight as a reader of the files multiplies it.
  std::function<void(const StreamedWeight& weight, RoundingWriter& writer, std::span<float> stored)>
      write;
};

// The values themselves.
LinearForm plain_form();

// The values of the points of the grid that are nearest (RTN), one group per output channel; as
// round_to_nearest of weight_clip.h has it. `pool` outlives the form. Throws std::domain_error for
// a value that is not finite.
LinearForm rounded_form(ThreadPool& pool, const QuantizerSettings& settings, WeightClip clip);

// The codes of the same points, a scale and a zero point for every output channel (coded_files.h):
// unpacked they are the float32 values of rounded_form, which no type of the files rounds.
LinearForm coded_form(ThreadPool& pool, const QuantizerSettings& settings, WeightClip clip);

}  // namespace trainer
