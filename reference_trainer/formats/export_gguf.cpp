#include "reference_trainer/formats/export_gguf.h"

#include <cstring>

#include "reference_trainer/base/error.h"
#include "reference_trainer/formats/gguf_blocks.h"
#include "reference_trainer/formats/gguf_layout.h"
#include "reference_trainer/formats/gguf_tokenizer.h"
#include "reference_trainer/formats/stored_floats.h"
#include "reference_trainer/io/staged_directory.h"
#include "reference_trainer/roste/round_to_nearest.h"

namespace trainer {
namespace {

// general.file_type, by GgufType.
constexpr std::uint32_t kFileTypes[] = {0, 1, 7, 3};

void check_model(const ExportJob& job, const ForwardPlan& plan) {
  const ModelShape& s = plan.shape;
  const std::string config = (job.source / "config.json").string();
  const bool biased_neox = s.architecture != kNeoXArchitecture || s.qkv_bias;
  if (gguf_architecture(s).empty() || !biased_neox) {
    throw_bad_input({"EX-01", config + ":/architectures",
                     s.architecture + (biased_neox ? "" : " without attention_bias"),
                     "Llama, Qwen2, or GPT-NeoX whose norms are not folded",
                     "--format hf writes it for reference_trainer"});
  }
  if (s.rope_scaling && gguf_architecture(s) != "llama") {
    throw_bad_input({"EX-01", config, "rope type llama3 of " + s.architecture, "rope type default",
                     "llama.cpp knows it of Llama alone; --format hf"});
  }
  if (job.options.gguf_type == GgufType::kQ4_1 && !layers_with(plan, 4).empty()) {
    throw_bad_input({"EX-02", (job.source / "roste.json").string() + ":/rotation",
                     "codes under R4, which acts while the model runs",
                     "a model whose rotations are merged",
                     "quantize with --rotations 1100, or use --format compressed-tensors"});
  }
  const bool blocks =
      job.options.gguf_type == GgufType::kQ4_1 || job.options.gguf_type == GgufType::kQ8_0;
  for (const Linear l : linears_of(s)) {
    const std::int64_t in = linear_shape(s, l).in;
    if (!blocks || in % kGgufBlock == 0) continue;
    throw_bad_input({"EX-05", config, std::to_string(in) + " inputs of " + linear_name(l),
                     "a multiple of 32", "use --gguf_type f16"});
  }
}

GgmlType float_type(GgufType type) {
  return type == GgufType::kF32 ? GgmlType::kF32 : GgmlType::kF16;
}

GgmlType matrix_type(GgufType type) {
  if (type == GgufType::kQ8_0) return GgmlType::kQ8_0;
  return type == GgufType::kQ4_1 ? GgmlType::kQ4_1 : float_type(type);
}

struct FloatRows {
  std::vector<std::int64_t> shape;
  std::vector<float> values;
};

// A tensor with its rows in the file's order; a vector's rows are its values.
FloatRows rows_for_file(const ModelShape& shape, const NamedTensor<Cpu>& t) {
  const std::int64_t cols = t.file_cols();
  FloatRows rows{t.shape(), std::vector<float>(static_cast<std::size_t>(t.tensor->size()))};
  for (std::int64_t r = 0; r < t.tensor->size() / cols; ++r)
    std::copy_n(t.tensor->data() + gguf_source_row(shape, t.name, r) * cols, cols,
                rows.values.data() + r * cols);
  return rows;
}

void add_floats(const std::string& name, GgmlType type, FloatRows rows, GgufFile& file) {
  if (type == GgmlType::kQ8_0) {
    file.add_tensor(name, type, std::move(rows.shape), q8_0_bytes(name, rows.values));
    return;
  }
  const ExportType dtype = type == GgmlType::kF32 ? ExportType::kFloat32 : ExportType::kFloat16;
  file.add_tensor(name, type, std::move(rows.shape), rounded_bytes(dtype, name, rows.values));
}

PackedWeight reordered(const ModelShape& shape, const std::string& name, const PackedWeight& w) {
  PackedWeight rows = w;
  for (std::int64_t r = 0; r < w.rows; ++r) {
    const std::int64_t from = gguf_source_row(shape, name, r);
    rows.params[static_cast<std::size_t>(r)] = w.params[static_cast<std::size_t>(from)];
    std::memcpy(rows.codes.data() + static_cast<std::size_t>(r) * w.row_bytes(), w.row(from).data(),
                w.row_bytes());
  }
  return rows;
}

void add_codes(const ModelShape& shape, const PackedWeights& packed, GgufFile& file) {
  for (std::size_t i = 0; i < packed.size(); ++i) {
    for (const Linear l : linears_of(shape)) {
      const std::string ours = linear_path(i, l) + ".weight", name = gguf_name(shape, ours);
      const PackedWeight& w = packed[i][l];
      file.add_tensor(name, GgmlType::kQ4_1, {w.rows, w.cols},
                      q4_1_bytes(name, reordered(shape, ours, w)));
    }
  }
}

// q, k and v of GPT-NeoX one below the other.
void add_fused(const ModelShape& shape, GgufType type, Parameters<Cpu>& p, GgufFile& file) {
  for (std::size_t i = 0; i < p.layers.size(); ++i) {
    FloatRows weight{{3 * shape.query_width(), shape.hidden_size}, {}};
    FloatRows bias{{3 * shape.query_width()}, {}};
    for (const Linear l : {Linear::kQ, Linear::kK, Linear::kV}) {
      const Tensor<Cpu>&w = p.layers[i].weight[l], &b = p.layers[i].bias[l];
      weight.values.insert(weight.values.end(), w.data(), w.data() + w.size());
      bias.values.insert(bias.values.end(), b.data(), b.data() + b.size());
    }
    const std::string name = "blk." + std::to_string(i) + ".attn_qkv";
    add_floats(name + ".weight", matrix_type(type), std::move(weight), file);
    add_floats(name + ".bias", GgmlType::kF32, std::move(bias), file);
  }
}

void add_frequency_divisors(const ModelShape& shape, GgufFile& file) {
  std::vector<float> divisors = gguf_frequency_divisors(shape);
  if (divisors.empty()) return;
  add_floats("rope_freqs.weight", GgmlType::kF32, {{std::ssize(divisors)}, divisors}, file);
}

// Everything that is not in `file` yet: all tensors, or those beside codes.
void add_tensors(const ModelShape& shape, GgufType type, Parameters<Cpu>& p, GgufFile& file) {
  for (const NamedTensor<Cpu>& t : tensor_list(p)) {
    const std::string name = gguf_name(shape, t.name);
    const bool linear = t.kind == TensorKind::kLinearWeight;
    if (name.empty() || (linear && type == GgufType::kQ4_1)) continue;
    const GgmlType stored = linear          ? matrix_type(type)
                            : t.is_matrix() ? float_type(type)
                                            : GgmlType::kF32;
    add_floats(name, stored, rows_for_file(shape, t), file);
  }
  add_frequency_divisors(shape, file);
  if (shape.architecture != kNeoXArchitecture) return;
  add_fused(shape, type, p, file);
  if (!p.head.empty()) return;  // llama.cpp wants one of its own
  const Tensor<Cpu>& e = p.embedding;
  add_floats("output.weight", float_type(type),
             {{e.rows(), e.cols()}, {e.data(), e.data() + e.size()}}, file);
}

}  // namespace

Notes export_gguf(Cpu& cpu, const ExportJob& job, Network<Cpu>& network) {
  check_model(job, network.plan);
  const GgufType type = job.options.gguf_type;
  const bool codes = type == GgufType::kQ4_1;
  Notes notes;
  PackedWeights packed;
  if (codes) packed = codes_of(cpu, job.source, network);
  make_plain(cpu, codes ? ExportedWeights::kQuantized : job.options.weights, network, notes);
  const ModelShape& shape = network.plan.shape;
  GgufFile file;
  set_gguf_model(shape, kFileTypes[static_cast<std::size_t>(type)], file);
  set_gguf_tokenizer(job.source, shape, file, notes);
  add_codes(shape, packed, file);
  add_tensors(shape, type, network.parameters, file);
  StagedDirectory staged(job.output);
  file.write(staged.path() / "model.gguf");
  write_readme(staged.path(), "A model for llama.cpp", notes);
  staged.commit();
  return notes;
}

}  // namespace trainer
