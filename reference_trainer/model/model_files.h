// A model directory to a network and back.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "reference_trainer/io/model_directory.h"
#include "reference_trainer/model/effective_weights.h"
#include "reference_trainer/model/settings_json.h"

namespace trainer {

// What must be in the weight files for a shape.
std::vector<ExpectedTensor> expected_tensors(const ModelShape& shape);
// What may be there besides and is not read.
std::vector<std::string> ignorable_tensors(const ModelShape& shape);

// Reads every tensor of `parameters` from the weight files of `directory`.
template <Backend B>
void read_parameters(B& backend, const std::filesystem::path& directory, const ModelShape& shape,
                     NonFinite policy, Parameters<B>& parameters) {
  const WeightFiles files = WeightFiles::open(directory);
  check_tensor_list(files, expected_tensors(shape), ignorable_tensors(shape));
  std::vector<float> host;
  for (auto& t : tensor_list(parameters)) {
    host.resize(static_cast<std::size_t>(t.tensor->size()));
    files.read_floats(t.name, host);
    if (policy == NonFinite::kReject) check_finite(t.name, directory, host);
    copy_to_device<float>(backend, host, *t.tensor);
  }
}

// The whole model: config.json, weights, and roste.json where there is one (without it, a plain
// full-precision model). Effective weights are computed.
template <Backend B>
Network<B> load_network(B& backend, const std::filesystem::path& directory, NonFinite policy) {
  const ModelShape shape = read_model_shape(directory);
  const nlohmann::json roste = read_roste_json(directory);
  Network<B> network =
      make_network(backend, plan_from_json(shape, roste, directory / "roste.json"));
  read_parameters(backend, directory, shape, policy, network.parameters);
  update_effective_weights(backend, network);
  return network;
}

// A host copy of every tensor, and views of it for writing.
struct HostTensors {
  std::vector<std::vector<float>> values;
  std::vector<FloatTensorView> views;
};

// `tensors` is anything that has a tensor_list.
template <Backend B, class Tensors>
void append_host_copies(B& backend, Tensors& tensors, const std::string& prefix,
                        HostTensors& host) {
  for (auto& t : tensor_list(tensors)) {
    auto& values = host.values.emplace_back(static_cast<std::size_t>(t.tensor->size()));
    copy_to_host<float>(backend, *t.tensor, values);
    host.views.push_back({prefix + t.name, t.shape(), values});
  }
}

// Writes config.json, weights, roste.json and the tokenizer files of metadata.tokenizer_directory,
// complete or not at all.
template <Backend B>
void save_network(B& backend, Network<B>& network, const ModelMetadata& metadata,
                  const std::filesystem::path& directory) {
  HostTensors host;
  append_host_copies(backend, network.parameters, "", host);
  write_model_directory(directory, metadata, host.views);
}

}  // namespace trainer
