// A model from its files to new ones, folded and turned (App. D) in double and rounded once, with
// one layer in memory at a time. A probe sequence goes through the old and the new layers in turn.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "reference_trainer/stream/logit_difference.h"
#include "reference_trainer/stream/streamed_model.h"
#include "reference_trainer/stream/streamed_probe.h"

namespace trainer {

struct StreamReport {
  LogitDifference turned;   // between the source and its folded and turned weights in float32
  LogitDifference stored;   // between the source and the values in the files, under the plan
  ErrorByKind rounding;     // from double (or from the grid) to the files
  std::uint64_t bytes = 0;  // of tensors that were written
};

template <Backend B>
class ModelStream {
 public:
  // All arguments outlive it. The writer was made for planned_tensors(model, target).
  ModelStream(B& backend, const StreamedModel& model, const StreamTarget& target,
              RoundingWriter& writer);

  // Throws ST-24 for a weight that is not finite, QN-40 for one beyond the type of the files,
  // std::domain_error where a quantizer meets one that is not finite, and Error(kIo).
  StreamReport run();

 private:
  using Doubles = std::vector<double>;

  void stream_embedding();
  void stream_layer(std::size_t i);
  void stream_linear(std::size_t i, Linear l);
  void fold_linear(Linear l, DoubleMatrix w, Doubles& bias);
  void store_bias(const std::string& name, Linear l, Doubles& bias);
  void write_ones(const std::string& name);
  void stream_head();
  void compare_head_rows(std::int64_t first, Doubles& bias);
  void store_head_bias(Doubles& bias);

  // host_ := rows of a tensor of the source, from `first` on.
  void read_rows(const std::string& name, std::int64_t first, std::int64_t rows);
  WideNorm wide_norm(const Tensor<B>& gain, const Tensor<B>& shift);
  void to_tensor(std::span<const float> host, std::int64_t rows, Tensor<B>& tensor);
  bool centres() const { return model_.shape().norm == NormKind::kLayerNorm; }
  ThreadPool& pool() { return backend_.pool(); }
  // body(first row, rows) for blocks of the embedding or the head.
  template <class Body>
  void for_blocks(const Body& body);

  B& backend_;
  const StreamedModel& model_;
  const StreamTarget& target_;
  RoundingWriter& writer_;
  StreamedProbe<B> source_, turned_;
  std::optional<StreamedProbe<B>> stored_;   // absent where the files hold what turned_ multiplies
  LayerParameters<B> layer_, stored_layer_;  // layer_: of the source, then turned
  WideNorm attention_norm_, mlp_norm_;
  std::vector<float> host_, stored_host_;
  Doubles wide_;
  Tensor<B> old_head_, old_bias_, new_head_, new_bias_, no_bias_;
  StreamReport report_;
};

}  // namespace trainer

#include "reference_trainer/stream/model_stream_parts.h"
