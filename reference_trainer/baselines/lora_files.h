// Adapters on disk: adapter.safetensors and adapter.json, which names the base they belong to. The
// base's rotations are stored as choice and seed and rebuilt from them, so adapters can be merged
// anywhere into the weights that they were trained beside. docs/formats.md.
#pragma once

#include <filesystem>
#include <string>

#include "reference_trainer/baselines/lora.h"
#include "reference_trainer/io/manifest.h"
#include "reference_trainer/model/model_files.h"

namespace trainer {

// XXH3-128 of names, shapes and values of all parameters, as 32 hexadecimal digits.
template <Backend B>
std::string hash_of(B& backend, Parameters<B>& parameters) {
  std::string text;
  std::vector<float> host;
  for (auto& t : tensor_list(parameters)) {
    host.resize(static_cast<std::size_t>(t.tensor->size()));
    copy_to_host<float>(backend, *t.tensor, host);
    text += t.name + shape_text(t.shape()) + hash_bytes(std::as_bytes(std::span(host))) + "\n";
  }
  return hash_bytes(std::as_bytes(std::span(text)));
}

// The base of adapters: which rotations act, and the weights before and after R1 is merged.
struct LoraBase {
  RotationChoice choice;
  std::string model_hash;    // before
  std::string rotated_hash;  // after
};

// Makes an unrotated network, folded if the choice rotates anything, the base of adapters: puts it
// under `choice` and `quant` (bits 16 for RoLoRA, which quantizes after merging; otherwise base
// weights, activations and cache are quantized while adapters are trained).
template <Backend B>
LoraBase prepare_lora_base(B& backend, const QuantConfig& quant, const RotationChoice& choice,
                           Network<B>& network) {
  LoraBase base{choice, hash_of(backend, network.parameters), {}};
  apply_plan(backend, quant, choice, network);
  base.rotated_hash = hash_of(backend, network.parameters);
  return base;
}

// Contents of adapter.json.
struct LoraRecord {
  LoraSettings settings;
  LoraBase base;
  std::string adapter_hash;  // of adapter.safetensors
};

// Writes both files so that `directory`, which must be absent, appears complete or not at all.
// Throws Error(kIo).
void write_adapter_files(const std::filesystem::path& directory, LoraRecord record,
                         std::span<const FloatTensorView> tensors);

// Reads adapter.json and checks adapter.safetensors against its hash. Throws Error (kBadInput):
// AD-01 where the JSON is malformed or lacks a value, AD-04 where the tensors were changed.
LoraRecord read_adapter_record(const std::filesystem::path& directory, const ModelShape& shape);

// Throw Error (kBadInput, AD-02 and AD-03) unless the hash of a base model, before and after R1 is
// merged, is the one that the adapters in `directory` were trained beside.
void require_model(const std::filesystem::path& directory, const std::string& got,
                   const std::string& expected);
void require_rotated(const std::filesystem::path& directory, const std::string& got,
                     const std::string& expected);

// The values of one adapter tensor. Throws Error (kBadInput, AD-04) when it is missing, of another
// shape or not finite.
std::vector<float> read_adapter_tensor(const SafetensorsFile& file, const std::string& name,
                                       const std::vector<std::int64_t>& shape);

template <Backend B>
void save_adapters(B& backend, const std::filesystem::path& directory, const LoraSettings& settings,
                   const LoraBase& base, Network<B>& network) {
  HostTensors host;
  append_host_views(backend, network.adapters, "", host);
  write_adapter_files(directory, {settings, base, {}}, host.views);
}

// Puts `network`, the model as prepare_lora_base got it, under the stored rotations and `quant`,
// and attaches the stored adapters; merge_adapters then adds them to the weights. Throws Error
// (kBadInput): AD-02 for another base model, AD-03 where the stored rotations do not give the
// stored base (another seed, another program), and as the readers above.
template <Backend B>
LoraRecord load_adapters(B& backend, const std::filesystem::path& directory,
                         const QuantConfig& quant, Network<B>& network) {
  const LoraRecord record = read_adapter_record(directory, network.plan.shape);
  require_model(directory, hash_of(backend, network.parameters), record.base.model_hash);
  apply_plan(backend, quant, record.base.choice, network);
  require_rotated(directory, hash_of(backend, network.parameters), record.base.rotated_hash);
  attach_adapters(backend, record.settings, network);
  const SafetensorsFile file = SafetensorsFile::open(directory / "adapter.safetensors");
  for (auto& t : tensor_list(network.adapters))
    copy_to_device<float>(backend, read_adapter_tensor(file, t.name, t.shape()), *t.tensor);
  return record;
}

}  // namespace trainer
