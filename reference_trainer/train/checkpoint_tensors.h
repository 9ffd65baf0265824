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

// Present only where moments began after step 0. Exact up to 2^24 steps.
template <Backend B>
void append_moment_ages(const GradientState<B>& state, HostTensors& host) {
  const std::vector<std::int64_t>& since = state.moments_since;
  if (std::ranges::all_of(since, [](std::int64_t s) { return s == 0; })) return;
  const auto& values = host.values.emplace_back(since.begin(), since.end());
  host.views.push_back({kMomentsSince, {static_cast<std::int64_t>(values.size())}, values});
}

template <Backend B>
void read_moment_ages(const SafetensorsFile& file, GradientState<B>& state) {
  std::vector<float> values(state.moments_since.size(), 0.0f);
  if (file.tensors().contains(kMomentsSince)) file.read_floats(kMomentsSince, values);
  state.moments_since.assign(values.begin(), values.end());
}

// What of a run cannot be recomputed.
template <Backend B>
HostTensors checkpoint_tensors(B& backend, Network<B>& network, TrainingState<B>& state) {
  HostTensors host;
  append_host_copies(backend, network.parameters, "parameters.", host);
  append_host_copies(backend, state.m, "adam_m.", host);
  append_host_copies(backend, state.v, "adam_v.", host);
  append_moment_ages(state, host);
  return host;
}

// Codes are small integers, which F32 holds exactly.
template <Backend B>
void append_coded_moment(B& backend, const std::string& name, const CodedMoment<B>& moment,
                         HostTensors& host) {
  std::vector<std::uint8_t> codes(static_cast<std::size_t>(moment.codes.size()));
  copy_to_host<std::uint8_t>(backend, moment.codes, codes);
  const auto& values = host.values.emplace_back(codes.begin(), codes.end());
  host.views.push_back({name, {moment.codes.rows(), moment.codes.cols()}, values});
  auto& largest = host.values.emplace_back(static_cast<std::size_t>(moment.largest.size()));
  copy_to_host<float>(backend, moment.largest, largest);
  host.views.push_back({name + ".largest", {moment.largest.cols()}, largest});
}

template <Backend B>
void read_coded_moment(B& backend, const SafetensorsFile& file, const std::string& name,
                       CodedMoment<B>& moment) {
  std::vector<float> values(static_cast<std::size_t>(moment.codes.size()));
  file.read_floats(name, values);
  const std::vector<std::uint8_t> codes(values.begin(), values.end());
  copy_to_device<std::uint8_t>(backend, codes, moment.codes);
  values.resize(static_cast<std::size_t>(moment.largest.size()));
  file.read_floats(name + ".largest", values);
  copy_to_device<float>(backend, values, moment.largest);
}

// f(name, moment) for both moments of every tensor.
template <Backend B, class F>
void for_each_coded_moment(Network<B>& network, EightBitState<B>& state, const F& f) {
  const auto list = tensor_list(network.parameters);
  for (std::size_t i = 0; i < list.size(); ++i) {
    f("adam_m_codes." + list[i].name, state.m[i]);
    f("adam_v_codes." + list[i].name, state.v[i]);
  }
}

template <Backend B>
HostTensors checkpoint_tensors(B& backend, Network<B>& network, EightBitState<B>& state) {
  HostTensors host;
  append_host_copies(backend, network.parameters, "parameters.", host);
  for_each_coded_moment(network, state, [&](const std::string& name, CodedMoment<B>& moment) {
    append_coded_moment(backend, name, moment, host);
  });
  append_moment_ages(state, host);
  return host;
}

// The way back of append_host_copies.
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

// Puts network and state where the checkpoint left them; returns the number of steps done.
template <Backend B>
std::int64_t restore_checkpoint(B& backend, const FoundCheckpoint& found, Network<B>& network,
                                TrainingState<B>& state) {
  const SafetensorsFile file = SafetensorsFile::open(found.directory / "state.safetensors");
  read_checkpoint_tensors(backend, file, "parameters.", network.parameters);
  read_checkpoint_tensors(backend, file, "adam_m.", state.m);
  read_checkpoint_tensors(backend, file, "adam_v.", state.v);
  read_moment_ages(file, state);
  update_effective_weights(backend, network);
  return found.info.step;
}

template <Backend B>
std::int64_t restore_checkpoint(B& backend, const FoundCheckpoint& found, Network<B>& network,
                                EightBitState<B>& state) {
  const SafetensorsFile file = SafetensorsFile::open(found.directory / "state.safetensors");
  read_checkpoint_tensors(backend, file, "parameters.", network.parameters);
  for_each_coded_moment(network, state, [&](const std::string& name, CodedMoment<B>& moment) {
    read_coded_moment(backend, file, name, moment);
  });
  read_moment_ages(file, state);
  update_effective_weights(backend, network);
  return found.info.step;
}

}  // namespace trainer
