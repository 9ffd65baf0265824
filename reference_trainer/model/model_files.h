// A model directory to a network and back.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "reference_trainer/io/model_directory.h"
#include "reference_trainer/model/effective_weights.h"
#include "reference_trainer/model/settings_json.h"
#include "reference_trainer/model/weight_names.h"

namespace trainer {

// What must be in the weight files for a shape.
std::vector<ExpectedTensor> expected_tensors(const ModelShape& shape);
// The product of a tensor's dimensions.
std::size_t element_count(std::span<const std::int64_t> shape);
// What may be there besides and is not read.
std::vector<std::string> ignorable_tensors(const ModelShape& shape);

// All values of one tensor of the files.
std::vector<float> read_stored(const WeightFiles& files, const std::string& tensor,
                               NonFinite policy);

// Reads the values of one tensor of a list.
template <Backend B>
void read_tensor(B& backend, const WeightFiles& files, const ModelShape& shape, NonFinite policy,
                 const NamedTensor<B>& t) {
  const FilePlace place = file_place(shape, t.name);
  std::vector<float> host = read_stored(files, place.tensor, policy);
  if (place.part != FusedPart::kWhole) {
    const std::vector<float> fused = std::move(host);
    host.assign(static_cast<std::size_t>(t.tensor->size()), 0.0f);
    take_part(shape, place.part, fused, t.file_cols(), host);
  }
  copy_to_device<float>(backend, host, *t.tensor);
}

// Reads every tensor of `parameters` from the weight files of `directory`.
template <Backend B>
void read_parameters(B& backend, const std::filesystem::path& directory, const ModelShape& shape,
                     NonFinite policy, Parameters<B>& parameters) {
  const WeightFiles files = WeightFiles::open(directory);
  check_tensor_list(files, expected_tensors(shape), ignorable_tensors(shape));
  for (const auto& t : tensor_list(parameters)) read_tensor(backend, files, shape, policy, t);
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

// A host copy of every tensor as the weight files of `shape` have it.
template <Backend B>
HostTensors stored_tensors(B& backend, const ModelShape& shape, Parameters<B>& parameters) {
  HostTensors host;
  std::map<std::string, std::size_t> index;
  for (const ExpectedTensor& e : expected_tensors(shape)) {
    index.emplace(e.name, host.values.size());
    auto& values = host.values.emplace_back(element_count(e.shape));
    host.views.push_back({e.name, e.shape, values});
  }
  std::vector<float> part;
  for (auto& t : tensor_list(parameters)) {
    const FilePlace place = file_place(shape, t.name);
    part.resize(static_cast<std::size_t>(t.tensor->size()));
    copy_to_host<float>(backend, *t.tensor, part);
    put_part(shape, place.part, part, t.file_cols(), host.values[index.at(place.tensor)]);
  }
  return host;
}

// Writes config.json, weights, roste.json and the tokenizer files of metadata.tokenizer_directory,
// complete or not at all.
template <Backend B>
void save_network(B& backend, Network<B>& network, const ModelMetadata& metadata,
                  const std::filesystem::path& directory) {
  const HostTensors host = stored_tensors(backend, metadata.shape, network.parameters);
  write_model_directory(directory, metadata, host.views);
}

}  // namespace trainer
