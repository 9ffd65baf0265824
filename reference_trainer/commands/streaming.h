// `rotate` and `quantize --method rtn` on models of any size: a layer at a time, from files to
// files.
#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <string>

#include "reference_trainer/commands/session.h"
#include "reference_trainer/stream/model_stream.h"

namespace trainer {

// The model of --model_name_or_path, unrotated and in full precision (RO-11), whose tokenizer can
// be read.
StreamedModel open_session(const CommandLine& line);

// --save_dtype and --max_shard_size for a plan of the folded shape.
StreamTarget stream_target(const CommandLine& line, const ForwardPlan& plan);

// What a stream did to a model, and what it took.
struct StreamResult {
  StreamReport report;
  DType dtype = DType::kF32;        // the coarsest of the files
  std::int64_t weights = 0;         // linear layers, with embedding and head
  std::uint64_t float32_bytes = 0;  // of the untied model
  std::uint64_t peak_bytes = 0;     // resident, of this process
};

// Streams the model and saves it under --output_dir with `saved` as its roste.json, unless `check`
// throws: complete or not at all. Dense rotations become a file beside the weights.
template <Backend B>
StreamResult stream_and_save(B& backend, const CommandLine& line, const StreamedModel& model,
                             const StreamTarget& target, const ForwardPlan& saved,
                             const std::function<void(const StreamResult&)>& check);

// {"save_dtype", "rounding", "written_bytes", "peak_resident_bytes", "share_of_float32"}.
nlohmann::json to_json(const StreamResult& result);

// "written as BF16 (rounding: 1.7e-03 RMS); peak memory 1.20 GiB, 4 % of the model in float32"
std::string summary_of(const StreamResult& result);

}  // namespace trainer
