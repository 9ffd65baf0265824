#include "reference_trainer/train/memory_need.h"

#include <algorithm>
#include <cstdio>

#include "reference_trainer/ops/eight_bit_adam.h"
#include "reference_trainer/ops/lm_head.h"

namespace trainer {
namespace {

constexpr double kFloat = 4, kHalf = 2;  // bytes

struct Counts {
  double all = 0;      // parameters
  double linears = 0;  // of linear layers
};

Counts count_tensors(ModelShape shape, std::int64_t layers) {
  shape.layers = layers;
  Parameters<NoMemory> p = parameter_layout(shape);
  Counts counts;
  for (const auto& t : tensor_list(p)) {
    const auto size = static_cast<double>(t.tensor->size());
    counts.all += size;
    if (t.kind == TensorKind::kLinearWeight) counts.linears += size;
  }
  return counts;
}

// Layers are alike, and a file may claim that there are 10^9.
Counts count_parameters(const ModelShape& shape) {
  const Counts ends = count_tensors(shape, 0), one = count_tensors(shape, 1);
  const auto layers = static_cast<double>(shape.layers);
  return {ends.all + layers * (one.all - ends.all), layers * one.linears};
}

// Training folds norms, and that unties the head.
ModelShape folded(ModelShape shape) {
  shape.tied_embeddings = false;
  return shape;
}

// Bytes of a code: products unpack more than four bits to a byte.
double code_bytes(int bits) { return bits <= 4 ? 0.5 : 1; }

double effective_bytes(const TrainingLoad& load, double linears) {
  const QuantConfig& q = load.quant;
  if (!q.weight.enabled()) return 0;
  const bool coded = multiplies_codes(q.activation, q.weight);
  if (load.effective == EffectiveForm::kCodes)
    return linears * (coded ? code_bytes(q.weight.bits) : q.weight.bits / 8.0);
  return linears * (kFloat + (coded ? code_bytes(q.weight.bits) : 0));
}

// The GNU C library keeps freed memory up to twice its mmap threshold, which follows the largest
// allocation that was freed up to 32 MiB; larger ones go back at once (mallopt(3)).
constexpr double kLargestKept = 0x1p25;

// Of a tensor that is made for as long as it is read.
double passing_bytes(std::int64_t out, std::int64_t in) {
  const double bytes = kFloat * static_cast<double>(out) * static_cast<double>(in);
  return bytes + 2 * std::min(bytes, kLargestKept);
}

// The largest such tensor: the head in bfloat16, or a linear layer's weight.
double made_bytes(const TrainingLoad& load) {
  const ModelShape& s = load.shape;
  const std::int64_t widest = std::max(s.intermediate_size, s.query_width());
  if (load.param_dtype == ParamDType::kBFloat16)
    return passing_bytes(std::max(widest, s.vocab_size), s.hidden_size);
  const bool codes = load.effective == EffectiveForm::kCodes && load.quant.weight.enabled();
  return codes ? passing_bytes(widest, s.hidden_size) : 0;
}

// Widths of a block's activations, in channels; activations.h has them one by one.
struct Widths {
  double stream, query, kv, hidden;
  double streams;  // of the block's input, and of the middle if there is one
  double hiddens;  // gate and up, or up alone

  explicit Widths(const ModelShape& s)
      : stream(static_cast<double>(s.hidden_size)),
        query(static_cast<double>(s.query_width())),
        kv(static_cast<double>(s.kv_width())),
        hidden(static_cast<double>(s.intermediate_size)),
        streams(s.residual == ResidualKind::kSequential ? 2 : 1),
        hiddens(s.mlp == MlpKind::kSwiGlu ? 2 : 1) {}

  double inputs() const { return 2 * stream + query + hidden; }  // of linear layers
  double rest() const { return streams * stream + query + 2 * kv + hiddens * hidden; }
  double all() const { return inputs() + rest(); }
  // Buffers of a block's backward pass, and those of the stream around it.
  double scratch() const { return 7 * stream + 2 * query + 2 * kv + hidden; }
};

// Bytes that each token of a batch leaves in each layer.
double kept_bytes(const TrainingLoad& load, const Widths& w) {
  if (load.keep == Keep::kInputs) return kFloat * w.stream;
  if (load.keep == Keep::kCodes)
    return kFloat * w.rest() + w.inputs() * load.quant.activation.bits / 8;
  return kFloat * w.all();
}

double activation_bytes(const TrainingLoad& load) {
  const Widths w(load.shape);
  const bool one_under_way = load.keep != Keep::kEveryLayer;
  double token = kept_bytes(load, w) * static_cast<double>(load.shape.layers);
  token += kFloat * (w.scratch() + (one_under_way ? w.all() : 0));
  if (load.quant.activation.enabled()) token += w.inputs();  // codes of a byte
  const auto logits = static_cast<double>(kLogitRowsAtOnce * load.shape.vocab_size);
  return token * static_cast<double>(load.batch_tokens) + kFloat * logits;
}

double moment_bytes(MomentBits bits) {
  return bits == MomentBits::k32 ? 2 * kFloat : 2 * (1 + kFloat / kMomentBlock);
}

}  // namespace

MemoryNeed training_memory(const TrainingLoad& load) {
  const Counts counts = count_parameters(folded(load.shape));
  const bool everything = load.trained == Trained::kEverything;
  MemoryNeed need;
  const bool narrow = load.param_dtype == ParamDType::kBFloat16;
  need.weights = (narrow ? kHalf : kFloat) * counts.all * static_cast<double>(load.copies);
  if (narrow && load.masters == MasterWeights::kFloat32) need.masters = kFloat * counts.all;
  need.effective = effective_bytes(load, counts.linears) + made_bytes(load);
  need.gradients = everything ? kFloat * counts.all : 0;
  need.moments = everything ? moment_bytes(load.moments) * counts.all : 0;
  need.activations = load.batch_tokens > 0 ? activation_bytes(load) : 0;
  return need;
}

MemoryNeed loading_memory(const ModelShape& shape) {
  return {.weights = kFloat * count_parameters(shape).all};
}

MemoryNeed loading_memory_of_codes(const ModelShape& shape, int bits) {
  const Counts counts = count_parameters(shape);
  return {.weights = kFloat * (counts.all - counts.linears),
          .effective = counts.linears * (bits / 8.0 + code_bytes(bits))};
}

std::string gibibytes(double bytes) {
  char text[64];
  std::snprintf(text, sizeof text, bytes < 0x1p30 ? "%.2f GiB" : "%.1f GiB", bytes / 0x1p30);
  return text;
}

std::string memory_text(const MemoryNeed& need) {
  std::string text = gibibytes(need.total());
  const auto part = [&](const char* name, double bytes) {
    if (bytes == 0) return;
    text.append(text.ends_with("GiB") && text.find(':') == std::string::npos ? ": " : ", ");
    text.append(name).append(" ").append(gibibytes(bytes));
  };
  part("weights", need.weights);
  part("masters", need.masters);
  part("effective weights", need.effective);
  part("gradients", need.gradients);
  part("moments", need.moments);
  part("activations", need.activations);
  return text;
}

}  // namespace trainer
