// A model directory to a network and back.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "reference_trainer/io/model_directory.h"
#include "reference_trainer/model/coded_files.h"
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

// One linear layer of a network: its codes, or with Engine::kFloat their values.
template <Backend B>
void place_codes(B& backend, const PackedWeight& packed, Engine engine, std::size_t layer, Linear l,
                 Network<B>& network) {
  Tensor<B>& values = network.parameters.layers[layer].weight[l];
  if (engine == Engine::kInt) {
    values = Tensor<B>();
    arrange_codes(backend, packed, network.effective[layer].coded[l]);
    return;
  }
  std::vector<float> host(static_cast<std::size_t>(packed.rows * packed.cols));
  unpack_values(packed, {host.data(), packed.rows, packed.cols});
  copy_to_device<float>(backend, host, values);
}

// A network that knows the codes of its weights becomes one that has nothing else: what
// load_network makes of its directory with Engine::kInt. Codes must be of a kind that is
// multiplied.
template <Backend B>
void multiply_packed_codes(B& backend, Network<B>& network) {
  for (std::size_t i = 0; i < network.packed.size(); ++i) {
    for (const Linear l : linears_of(network.plan.shape))
      place_codes(backend, network.packed[i][l], Engine::kInt, i, l, network);
  }
  network.packed.clear();
  network.plan.weight_form = WeightForm::kCodes;
}

// Reads a model whose quantized weights are codes. With Engine::kFloat the network holds values
// (kEffective), as if they had been stored.
template <Backend B>
void read_coded_network(B& backend, const std::filesystem::path& directory, NonFinite policy,
                        Engine engine, Network<B>& network) {
  ForwardPlan& plan = network.plan;
  const WeightFiles files = WeightFiles::open(directory);
  check_tensor_list(files, expected_coded_model(plan), ignorable_tensors(plan.shape));
  for (std::size_t i = 0; i < network.effective.size(); ++i) {
    for (const Linear l : linears_of(plan.shape)) {
      const PackedWeight packed = read_coded_tensors(files, linear_path(i, l), plan.quant.weight,
                                                     linear_shape(plan.shape, l));
      place_codes(backend, packed, engine, i, l, network);
    }
  }
  for (auto& t : tensor_list(network.parameters)) {
    if (t.kind == TensorKind::kLinearWeight) continue;
    copy_to_device<float>(backend, read_stored(files, t.name, policy), *t.tensor);
  }
  if (engine == Engine::kFloat) plan.weight_form = WeightForm::kEffective;
}

// The whole model: config.json, weights, and roste.json where there is one (without it, a plain
// full-precision model). Effective weights are computed. Weights that are stored as codes are
// multiplied by `engine`; throws as choose_engine.
template <Backend B>
Network<B> load_network(B& backend, const std::filesystem::path& directory, NonFinite policy,
                        Engine engine = Engine::kFloat) {
  const ModelShape shape = read_model_shape(directory);
  const nlohmann::json roste = read_roste_json(directory);
  Network<B> network =
      make_network(backend, plan_from_json(shape, roste, directory / "roste.json"));
  engine = choose_engine(engine, network.plan, directory);
  if (network.plan.weight_form == WeightForm::kCodes) {
    read_coded_network(backend, directory, policy, engine, network);
  } else {
    read_parameters(backend, directory, shape, policy, network.parameters);
    update_effective_weights(backend, network);
  }
  return network;
}

// Tensors as the host sees them, for writing: views of host copies, or of the tensors themselves.
struct HostTensors {
  std::vector<std::vector<float>> values;
  std::vector<FloatTensorView> views;
};

// Views of all tensors of `tensors`, which is anything that has a tensor_list and has to stay
// unchanged until they are written.
template <Backend B, class Tensors>
void append_host_views(B& backend, Tensors& tensors, const std::string& prefix, HostTensors& host) {
  for (auto& t : tensor_list(tensors)) {
    std::vector<float>& storage = host.values.emplace_back();
    host.views.push_back({prefix + t.name, t.shape(), host_values(backend, *t.tensor, storage)});
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

// A host copy of every tensor but the weights of linear layers, of which there are codes.
template <Backend B>
HostTensors tensors_beside_codes(B& backend, Parameters<B>& parameters) {
  HostTensors host;
  for (auto& t : tensor_list(parameters)) {
    if (t.kind == TensorKind::kLinearWeight) continue;
    auto& values = host.values.emplace_back(static_cast<std::size_t>(t.tensor->size()));
    copy_to_host<float>(backend, *t.tensor, values);
    host.views.push_back({t.name, t.shape(), values});
  }
  return host;
}

// As save_network for WeightForm::kCodes: the codes of network.packed in place of the weights of
// linear layers.
template <Backend B>
void save_codes(B& backend, Network<B>& network, const ModelMetadata& metadata,
                const std::filesystem::path& directory) {
  const HostTensors host = tensors_beside_codes(backend, network.parameters);
  CodedTensors coded;
  for (std::size_t i = 0; i < network.packed.size(); ++i) {
    for (const Linear l : linears_of(metadata.shape))
      coded.append(linear_path(i, l), network.packed[i][l]);
  }
  std::vector<TensorView> all;
  for (const FloatTensorView& view : host.views) all.push_back(stored_view(view));
  all.insert(all.end(), coded.views().begin(), coded.views().end());
  write_model_directory(directory, metadata, all);
}

// Writes config.json, weights, roste.json and the tokenizer files of metadata.tokenizer_directory,
// complete or not at all.
template <Backend B>
void save_network(B& backend, Network<B>& network, const ModelMetadata& metadata,
                  const std::filesystem::path& directory) {
  if (network.plan.weight_form == WeightForm::kCodes)
    return save_codes(backend, network, metadata, directory);
  const HostTensors host = stored_tensors(backend, metadata.shape, network.parameters);
  write_model_directory(directory, metadata, host.views);
}

}  // namespace trainer
