// A checkpoint of a published shape with random or zero weights in bfloat16, as a download would
// lie on the disk: what models of real size cost is measured on these (docs/memory.md).
//
//   random_checkpoint SHAPE OUTPUT_DIR TOKENIZER_JSON random|zeros [LAYERS]
//
// "zeros" makes a sparse file, which takes no space.
#include <array>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

#include "reference_trainer/io/model_config.h"
#include "reference_trainer/io/rounded.h"
#include "reference_trainer/io/safetensors_stream.h"
#include "reference_trainer/model/model_files.h"
#include "roste/core/signs.h"

namespace trainer {
namespace {

namespace fs = std::filesystem;

ModelShape llama_shape() {
  ModelShape s;
  s.vocab_size = 128256;
  s.hidden_size = 4096;
  s.intermediate_size = 14336;
  s.layers = 32;
  s.heads = 32;
  s.kv_heads = 8;
  s.head_dim = 128;
  s.max_positions = 8192;
  s.rope_theta = 500000;
  s.eos_token_ids = {0};
  return s;
}

ModelShape qwen_shape() {
  ModelShape s = llama_shape();
  s.architecture = "Qwen2ForCausalLM";
  s.vocab_size = 152064;
  s.hidden_size = 3584;
  s.intermediate_size = 18944;
  s.layers = 28;
  s.heads = 28;
  s.kv_heads = 4;
  s.norm_eps = 1e-6f;
  s.rope_theta = 1e6f;
  s.qkv_bias = true;
  return s;
}

ModelShape small_qwen_shape() {
  ModelShape s = qwen_shape();
  s.vocab_size = 151936;
  s.hidden_size = 896;
  s.intermediate_size = 4864;
  s.layers = 24;
  s.heads = 14;
  s.kv_heads = 2;
  s.head_dim = 64;
  s.tied_embeddings = true;
  return s;
}

ModelShape pythia_shape() {
  ModelShape s = llama_shape();
  s.architecture = kNeoXArchitecture;
  s.vocab_size = 50432;
  s.intermediate_size = 16384;
  s.kv_heads = s.heads;
  s.partial_rotary_dim = s.head_dim / 4;
  s.max_positions = 2048;
  s.rope_theta = 10000;
  s.norm = NormKind::kLayerNorm;
  s.mlp = MlpKind::kGelu;
  s.residual = ResidualKind::kParallel;
  s.qkv_bias = s.output_bias = s.mlp_bias = true;
  return s;
}

ModelShape small_pythia_shape() {
  ModelShape s = pythia_shape();
  s.vocab_size = 50304;
  s.hidden_size = 2048;
  s.intermediate_size = 8192;
  s.layers = 16;
  s.heads = s.kv_heads = 8;
  s.head_dim = 256;
  s.partial_rotary_dim = 64;
  return s;
}

ModelShape smallest_pythia_shape() {
  ModelShape s = small_pythia_shape();
  s.hidden_size = 768;
  s.intermediate_size = 3072;
  s.layers = 12;
  s.heads = s.kv_heads = 12;
  s.head_dim = 64;
  s.partial_rotary_dim = 16;
  return s;
}

ModelShape shape_called(const std::string& name) {
  if (name == "llama-3.1-8b") return llama_shape();
  if (name == "qwen2.5-7b") return qwen_shape();
  if (name == "qwen2.5-0.5b") return small_qwen_shape();
  if (name == "pythia-6.9b") return pythia_shape();
  if (name == "pythia-1b") return small_pythia_shape();
  if (name == "pythia-160m") return smallest_pythia_shape();
  throw std::invalid_argument(
      "shapes are llama-3.1-8b, qwen2.5-7b, qwen2.5-0.5b, pythia-6.9b, pythia-1b and pythia-160m");
}

// Matrices of size 1/sqrt(in), gains around 1, biases around 0.
std::vector<double> random_values(const PlannedTensor& tensor, std::uint64_t stream) {
  std::vector<double> values(element_count(tensor.shape));
  const bool matrix = tensor.shape.size() == 2, gain = !matrix && tensor.name.ends_with("weight");
  const double scale = matrix ? std::sqrt(3.0 / static_cast<double>(tensor.shape[1])) : 0.1;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double uniform = static_cast<double>(roste::random_bits(stream, i) >> 11) * 0x1p-52 - 1;
    values[i] = (gain ? 1.0 : 0.0) + scale * uniform;
  }
  return values;
}

void write_random(const fs::path& directory, const std::vector<PlannedTensor>& tensors) {
  ShardedWriter writer(directory, tensors, kDefaultShardBytes / 10);  // so that there are shards
  std::vector<std::byte> bytes;
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const std::vector<double> values = random_values(tensors[i], i);
    bytes.resize(values.size() * dtype_size(DType::kBF16));
    round_values(DType::kBF16, values, bytes);
    writer.append(bytes);
  }
  writer.finish();
}

void write_zeros(const fs::path& directory, const std::vector<PlannedTensor>& tensors) {
  const std::string header = safetensors_header(tensors, {{"format", "pt"}});
  std::uint64_t length = header.size(), bytes = sizeof length + header.size();
  for (const PlannedTensor& tensor : tensors) bytes += tensor.bytes();
  std::string begin(sizeof length, '\0');
  std::memcpy(begin.data(), &length, sizeof length);
  begin += header;
  const fs::path file = directory / "model.safetensors";
  write_whole_file(file, std::as_bytes(std::span(begin)));
  fs::resize_file(file, bytes);
}

int run(int argc, char** argv) {
  if (argc != 5 && argc != 6) throw std::invalid_argument("see the top of the source");
  ModelShape shape = shape_called(argv[1]);
  const fs::path directory = argv[2];
  const std::string values = argv[4];
  if (values != "random" && values != "zeros")
    throw std::invalid_argument("values are random or zeros");
  if (argc == 6) shape.layers = std::stoll(argv[5]);
  fs::create_directories(directory);
  std::vector<PlannedTensor> tensors;
  for (const ExpectedTensor& e : expected_tensors(shape))
    tensors.push_back({e.name, DType::kBF16, e.shape});
  values == "random" ? write_random(directory, tensors) : write_zeros(directory, tensors);
  write_model_files(directory, {shape, nullptr, {}, {}, DType::kBF16});
  fs::copy_file(argv[3], directory / "tokenizer.json");
  return 0;
}

}  // namespace
}  // namespace trainer

int main(int argc, char** argv) {
  try {
    return trainer::run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "random_checkpoint: %s\n", error.what());
    return 2;
  }
}
