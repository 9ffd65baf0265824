// The bodies of ModelStream, in the order of the data.
#pragma once

#include <algorithm>

#include "reference_trainer/io/rounded.h"
#include "reference_trainer/stream/model_stream.h"

namespace trainer {

namespace model_stream {

inline ForwardPlan without_quantizers(ForwardPlan plan) {
  plan.quant = {};
  return plan;
}

}  // namespace model_stream

template <Backend B>
ModelStream<B>::ModelStream(B& backend, const StreamedModel& model, const StreamTarget& target,
                            RoundingWriter& writer)
    : backend_(backend),
      model_(model),
      target_(target),
      writer_(writer),
      source_(backend, plain_plan(model.shape())),
      turned_(backend, model_stream::without_quantizers(target.plan)) {
  if (changes_values(model, target)) stored_.emplace(backend, target.plan);
}

template <Backend B>
StreamReport ModelStream<B>::run() {
  stream_embedding();
  for (std::int64_t i = 0; i < model_.shape().layers; ++i)
    stream_layer(static_cast<std::size_t>(i));
  stream_head();
  writer_.finish();
  report_.rounding = writer_.errors();
  report_.bytes = writer_.bytes();
  if (!stored_) report_.stored = report_.turned;
  return report_;
}

template <Backend B>
template <class Body>
void ModelStream<B>::for_blocks(const Body& body) {
  const ModelShape& shape = model_.shape();
  const std::int64_t height = std::max<std::int64_t>(1, target_.block_values / shape.hidden_size);
  for (std::int64_t first = 0; first < shape.vocab_size; first += height)
    body(first, std::min(height, shape.vocab_size - first));
}

template <Backend B>
void ModelStream<B>::read_rows(const std::string& name, std::int64_t first, std::int64_t rows) {
  const std::int64_t d = model_.shape().hidden_size;
  host_.resize(static_cast<std::size_t>(rows * d));
  const std::string tensor = file_place(model_.shape(), name).tensor;
  model_.files.read_floats(tensor, first * d, host_);
  if (model_.policy == NonFinite::kReject)
    check_finite(tensor, model_.files.directory(), host_, first * d);
}

template <Backend B>
void ModelStream<B>::stream_embedding() {
  const std::int64_t d = model_.shape().hidden_size;
  writer_.begin("model.embed_tokens.weight", TensorKind::kEmbedding);
  for_blocks([&](std::int64_t first, std::int64_t rows) {
    read_rows("model.embed_tokens.weight", first, rows);
    source_.take_embedding(first, host_);
    widen(pool(), host_, wide_);
    const DoubleMatrix block(wide_.data(), rows, d);
    if (centres()) centre_rows(pool(), block);
    turn_columns(pool(), target_.turns.at(0, 1), block);
    std::copy(wide_.begin(), wide_.end(), host_.begin());
    turned_.take_embedding(first, host_);
    writer_.append(wide_, host_);
    if (stored_) stored_->take_embedding(first, host_);
  });
  source_.begin(backend_);
  turned_.begin(backend_);
  if (stored_) stored_->begin(backend_);
}

template <Backend B>
WideNorm ModelStream<B>::wide_norm(const Tensor<B>& gain, const Tensor<B>& shift) {
  return {host_doubles(backend_, gain), host_doubles(backend_, shift)};
}

template <Backend B>
void ModelStream<B>::to_tensor(std::span<const float> host, std::int64_t rows, Tensor<B>& tensor) {
  tensor.reshape(backend_, rows, static_cast<std::int64_t>(host.size()) / rows);
  copy_to_device<float>(backend_, host, tensor);
}

template <Backend B>
void ModelStream<B>::write_ones(const std::string& name) {
  const Doubles ones(static_cast<std::size_t>(model_.shape().hidden_size), 1.0);
  std::vector<float> stored(ones.size());
  writer_.begin(name, TensorKind::kNormGain);
  writer_.append(ones, stored);
}

template <Backend B>
void ModelStream<B>::stream_layer(std::size_t i) {
  const std::string prefix = "model.layers." + std::to_string(i) + ".";
  layer_.bias = {};  // folding gave the layer before some that this one need not have
  allocate_layer(backend_, model_.shape(), layer_);
  std::vector<NamedTensor<B>> tensors;
  append_layer(i, layer_, tensors);
  for (const auto& t : tensors)
    read_tensor(backend_, model_.files, model_.shape(), model_.policy, t);
  source_.run_layer(backend_, i, layer_);
  attention_norm_ = wide_norm(layer_.attention_norm, layer_.attention_norm_bias);
  mlp_norm_ = wide_norm(layer_.mlp_norm, layer_.mlp_norm_bias);
  set_ones(backend_, layer_.attention_norm);
  set_ones(backend_, layer_.mlp_norm);
  copy(backend_, layer_.attention_norm, stored_layer_.attention_norm);
  copy(backend_, layer_.mlp_norm, stored_layer_.mlp_norm);
  write_ones(prefix + "input_layernorm.weight");
  for (const Linear l : linears_of(model_.shape())) stream_linear(i, l);
  write_ones(prefix + "post_attention_layernorm.weight");
  turned_.run_layer(backend_, i, layer_);
  if (stored_) stored_->run_layer(backend_, i, stored_layer_);
}

// Readers of a norm absorb it; writers to the stream lose their mean, which no LayerNorm sees.
template <Backend B>
void ModelStream<B>::fold_linear(Linear l, DoubleMatrix w, Doubles& bias) {
  if (l != Linear::kO && l != Linear::kDown) {
    const bool in_mlp = l == Linear::kGate || l == Linear::kUp;
    absorb_norm(pool(), in_mlp ? mlp_norm_ : attention_norm_, w, bias);
  } else if (centres()) {
    centre_columns(pool(), w);
    if (!bias.empty()) centre_rows(DoubleMatrix(bias));
  }
}

template <Backend B>
void ModelStream<B>::stream_linear(std::size_t i, Linear l) {
  const std::string name = "model.layers." + std::to_string(i) + "." + linear_name(l);
  const LinearShape shape = linear_shape(target_.plan.shape, l);
  Tensor<B>& w = layer_.weight[l];
  host_.resize(static_cast<std::size_t>(w.size()));
  copy_to_host<float>(backend_, w, host_);
  widen(pool(), host_, wide_);
  Doubles bias = host_doubles(backend_, layer_.bias[l]);
  if (shape.has_bias) bias.resize(static_cast<std::size_t>(shape.out), 0.0);
  const DoubleMatrix wide(wide_.data(), shape.out, shape.in);
  fold_linear(l, wide, bias);
  const SideTurn outputs = target_.turns.at(i, output_rotation_of(l));
  turn_columns(pool(), target_.turns.at(i, input_rotation_of(l)), wide);
  turn_rows(pool(), outputs, wide);
  if (!bias.empty()) turn_columns(pool(), outputs, DoubleMatrix(bias));
  std::copy(wide_.begin(), wide_.end(), host_.begin());
  copy_to_device<float>(backend_, host_, w);
  target_.form.write({name + ".weight", wide_, shape.out, shape.in}, writer_, host_);
  if (stored_) to_tensor(host_, shape.out, stored_layer_.weight[l]);
  if (!bias.empty()) store_bias(name + ".bias", l, bias);
}

template <Backend B>
void ModelStream<B>::store_bias(const std::string& name, Linear l, Doubles& bias) {
  std::vector<float> values(bias.begin(), bias.end());
  to_tensor(values, 1, layer_.bias[l]);
  writer_.begin(name, TensorKind::kBias);
  writer_.append(bias, values);
  to_tensor(values, 1, stored_layer_.bias[l]);
}

template <Backend B>
void ModelStream<B>::stream_head() {
  const ModelShape& shape = model_.shape();
  Tensor<B> gain(backend_, 1, shape.hidden_size), shift;
  if (centres()) shift.reshape(backend_, 1, shape.hidden_size);
  std::vector<NamedTensor<B>> norm;
  append_tensors("model.norm", TensorKind::kNormGain, gain, shift, norm);
  for (const auto& t : norm) read_tensor(backend_, model_.files, shape, model_.policy, t);
  source_.finish(backend_, {gain, shift});
  attention_norm_ = wide_norm(gain, shift);
  set_ones(backend_, gain);
  turned_.finish(backend_, {gain, no_bias_});
  if (stored_) stored_->finish(backend_, {gain, no_bias_});
  write_ones("model.norm.weight");
  Doubles bias;
  if (target_.plan.shape.head_bias) bias.resize(static_cast<std::size_t>(shape.vocab_size), 0.0);
  if (shape.head_bias) {
    const std::vector<float> values =
        read_stored(model_.files, file_place(shape, "lm_head.bias").tensor, model_.policy);
    bias.assign(values.begin(), values.end());
  }
  writer_.begin("lm_head.weight", TensorKind::kHead);
  for_blocks([&](std::int64_t first, std::int64_t rows) {
    read_rows(shape.tied_embeddings ? "model.embed_tokens.weight" : "lm_head.weight", first, rows);
    compare_head_rows(first, bias);
  });
  if (!bias.empty()) store_head_bias(bias);
}

// The rows of the head in host_, from `first` on: folded, turned, stored, and their logits
// compared.
template <Backend B>
void ModelStream<B>::compare_head_rows(std::int64_t first, Doubles& bias) {
  const std::int64_t d = model_.shape().hidden_size;
  const std::int64_t rows = static_cast<std::int64_t>(host_.size()) / d;
  Doubles part;  // of the bias
  if (!bias.empty()) part.assign(bias.begin() + first, bias.begin() + first + rows);
  to_tensor(host_, rows, old_head_);
  if (model_.shape().head_bias)
    to_tensor(std::vector<float>(part.begin(), part.end()), 1, old_bias_);
  const std::vector<float> before = source_.logits(backend_, {old_head_, old_bias_});
  widen(pool(), host_, wide_);
  const DoubleMatrix block(wide_.data(), rows, d);
  absorb_norm(pool(), attention_norm_, block, part);
  std::copy(part.begin(), part.end(), bias.begin() + (bias.empty() ? 0 : first));
  turn_columns(pool(), target_.turns.at(0, 1), block);
  std::copy(wide_.begin(), wide_.end(), host_.begin());
  to_tensor(host_, rows, new_head_);
  if (!part.empty()) to_tensor(std::vector<float>(part.begin(), part.end()), 1, new_bias_);
  report_.turned.add(before, turned_.logits(backend_, {new_head_, new_bias_}));
  writer_.append(wide_, host_);
  if (!stored_) return;
  to_tensor(host_, rows, new_head_);
  if (!part.empty())
    to_tensor(rounded_floats(stored_type(model_, target_, "lm_head.bias"), part), 1, new_bias_);
  report_.stored.add(before, stored_->logits(backend_, {new_head_, new_bias_}));
}

template <Backend B>
void ModelStream<B>::store_head_bias(Doubles& bias) {
  std::vector<float> values(bias.size());
  writer_.begin("lm_head.bias", TensorKind::kBias);
  writer_.append(bias, values);
}

}  // namespace trainer
