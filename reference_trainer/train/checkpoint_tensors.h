// What of a training cannot be recomputed, as the tensors of a checkpoint, and back.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "reference_trainer/io/checkpoint.h"
#include "reference_trainer/model/model_files.h"
#include "reference_trainer/train/step.h"

namespace trainer {

inline constexpr const char* kMomentsSince = "adam_since";

// Tensors of all types as the host sees them. Views stay valid while this lives and is not copied.
class StoredTensors {
 public:
  StoredTensors() = default;
  StoredTensors(StoredTensors&&) = default;
  StoredTensors& operator=(StoredTensors&&) = default;

  std::span<const TensorView> views() const { return views_; }

  // All tensors of a list, as append_host_views.
  template <Backend B, class Tensors>
  void append(B& backend, Tensors& tensors, const std::string& prefix) {
    const std::size_t first = floats_.views.size();
    append_host_views(backend, tensors, prefix, floats_);
    for (std::size_t i = first; i < floats_.views.size(); ++i)
      views_.push_back(stored_view(floats_.views[i]));
  }

  // One tensor of whole numbers or halves, as it is stored.
  template <Backend B, class T>
  void append(B& backend, const std::string& name, DType dtype, std::vector<std::int64_t> shape,
              const Tensor<B, T>& tensor) {
    std::vector<T> host(static_cast<std::size_t>(tensor.size()));
    copy_to_host<T>(backend, tensor, host);
    const auto bytes = std::as_bytes(std::span(host));
    const auto& kept = bytes_.emplace_back(bytes.begin(), bytes.end());
    views_.push_back({name, dtype, std::move(shape), kept});
  }

  // Values that no tensor holds.
  void append(const std::string& name, std::vector<float> values) {
    const auto& kept = floats_.values.emplace_back(std::move(values));
    floats_.views.push_back({name, {static_cast<std::int64_t>(kept.size())}, kept});
    views_.push_back(stored_view(floats_.views.back()));
  }

 private:
  HostTensors floats_;
  std::vector<std::vector<std::byte>> bytes_;
  std::vector<TensorView> views_;
};

// Present only where moments began after step 0. Exact up to 2^24 steps.
template <Backend B>
void append_moment_ages(const GradientState<B>& state, StoredTensors& stored) {
  const std::vector<std::int64_t>& since = state.moments_since;
  if (std::ranges::all_of(since, [](std::int64_t s) { return s == 0; })) return;
  stored.append(kMomentsSince, {since.begin(), since.end()});
}

template <Backend B>
void read_moment_ages(const SafetensorsFile& file, GradientState<B>& state) {
  std::vector<float> values(state.moments_since.size(), 0.0f);
  if (file.tensors().contains(kMomentsSince)) file.read_floats(kMomentsSince, values);
  state.moments_since.assign(values.begin(), values.end());
}

// The way back of append_host_views.
template <Backend B, class Tensors>
void read_checkpoint_tensors(B& backend, const SafetensorsFile& file, const std::string& prefix,
                             Tensors& tensors) {
  std::vector<float> host;
  for (auto& t : tensor_list(tensors)) {
    host.resize(static_cast<std::size_t>(t.tensor->size()));
    file.read_floats(prefix + t.name, host);
    copy_to_device<float>(backend, host, *t.tensor);
  }
}

// Values of one type, as they are stored; the file is known to have them so.
template <Backend B, class T>
void read_as_held(B& backend, const SafetensorsFile& file, const std::string& name,
                  Tensor<B, T>& tensor) {
  std::vector<T> host(static_cast<std::size_t>(tensor.size()));
  file.read_bytes(name, std::as_writable_bytes(std::span(host)));
  copy_to_device<T>(backend, host, tensor);
}

// Parameters as they are held: masters, from which bfloat16 is rounded again, or what is trained.
template <Backend B>
void append_parameters(B& backend, Network<B>& network, GradientState<B>& state,
                       StoredTensors& stored) {
  if (!state.masters.embedding.empty()) return stored.append(backend, state.masters, "masters.");
  if (!network.is_narrow()) return stored.append(backend, network.parameters, "parameters.");
  for (const auto& t : tensor_list(network.narrow))
    stored.append(backend, "parameters." + t.name, DType::kBF16, t.shape(), *t.tensor);
}

template <Backend B>
void restore_parameters(B& backend, const SafetensorsFile& file, Network<B>& network,
                        GradientState<B>& state) {
  if (!state.masters.embedding.empty()) {
    read_checkpoint_tensors(backend, file, "masters.", state.masters);
    hold_rounded(backend, state.masters, network);
  } else if (network.is_narrow()) {
    for (const auto& t : tensor_list(network.narrow))
      read_as_held(backend, file, "parameters." + t.name, *t.tensor);
    show_vectors(backend, network);
  } else {
    read_checkpoint_tensors(backend, file, "parameters.", network.parameters);
  }
  update_effective_weights(backend, network);
}

template <Backend B>
void append_moments(B& backend, TrainingState<B>& state, StoredTensors& stored) {
  stored.append(backend, state.m, "adam_m.");
  stored.append(backend, state.v, "adam_v.");
}

template <Backend B>
void restore_moments(B& backend, const SafetensorsFile& file, TrainingState<B>& state) {
  read_checkpoint_tensors(backend, file, "adam_m.", state.m);
  read_checkpoint_tensors(backend, file, "adam_v.", state.v);
}

// f(name, moment) for both moments of every tensor.
template <Backend B, class F>
void for_each_coded_moment(EightBitState<B>& state, const F& f) {
  const auto list = tensor_list(state.gradients);
  for (std::size_t i = 0; i < list.size(); ++i) {
    f("adam_m_codes." + list[i].name, state.m[i]);
    f("adam_v_codes." + list[i].name, state.v[i]);
  }
}

template <Backend B>
void append_moments(B& backend, EightBitState<B>& state, StoredTensors& stored) {
  for_each_coded_moment(state, [&](const std::string& name, CodedMoment<B>& moment) {
    stored.append(backend, name, DType::kU8, {moment.codes.rows(), moment.codes.cols()},
                  moment.codes);
    stored.append(backend, name + ".largest", DType::kF32, {moment.largest.cols()}, moment.largest);
  });
}

// Codes of older checkpoints are small integers in F32.
template <Backend B>
void read_codes(B& backend, const SafetensorsFile& file, const std::string& name,
                Tensor<B, std::uint8_t>& codes) {
  const auto found = file.tensors().find(name);
  if (found == file.tensors().end() || found->second.dtype != DType::kF32)
    return read_as_held(backend, file, name, codes);
  std::vector<float> values(static_cast<std::size_t>(codes.size()));
  file.read_floats(name, values);
  const std::vector<std::uint8_t> host(values.begin(), values.end());
  copy_to_device<std::uint8_t>(backend, host, codes);
}

template <Backend B>
void restore_moments(B& backend, const SafetensorsFile& file, EightBitState<B>& state) {
  for_each_coded_moment(state, [&](const std::string& name, CodedMoment<B>& moment) {
    read_codes(backend, file, name, moment.codes);
    read_as_held(backend, file, name + ".largest", moment.largest);
  });
}

// What of a run cannot be recomputed.
template <Backend B, class State>
StoredTensors checkpoint_tensors(B& backend, Network<B>& network, State& state) {
  StoredTensors stored;
  append_parameters(backend, network, state, stored);
  append_moments(backend, state, stored);
  append_moment_ages(state, stored);
  return stored;
}

// Puts network and state where the checkpoint left them; returns the number of steps done.
// Parameters must be held as the run holds them.
template <Backend B, class State>
std::int64_t restore_checkpoint(B& backend, const FoundCheckpoint& found, Network<B>& network,
                                State& state) {
  const SafetensorsFile file = SafetensorsFile::open(found.directory / "state.safetensors");
  restore_parameters(backend, file, network, state);
  restore_moments(backend, file, state);
  read_moment_ages(file, state);
  return found.info.step;
}

}  // namespace trainer
