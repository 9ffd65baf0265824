// What a stream writes is the double-precision result rounded once: every value of every tensor
// against naive long double. The two differ by some 1e-16 of a row before they are rounded, so a
// midpoint between them, one in 10^7 values even for float32, would be the only excuse.
#include <gtest/gtest.h>

#include "tests/stream/exact_fold.h"
#include "tests/stream/stream_cases.h"

namespace trainer::test {
namespace {

enum class Family { kLlama, kNeoXParallel, kNeoXSequentialTied };

struct ExactCase {
  const char* name;
  Family family;
  DType source, saved;
  StreamCase stream = {};
};

void PrintTo(const ExactCase& c, std::ostream* out) { *out << c.name; }

ModelShape shape_of(Family family) {
  if (family == Family::kLlama) return tiny_shape();
  ModelShape s = tiny_neox_shape();
  if (family == Family::kNeoXSequentialTied) {
    s.residual = ResidualKind::kSequential;
    s.output_bias = s.qkv_bias = false;
  } else {
    s.tied_embeddings = false;
  }
  return s;
}

// The tensors of the checkpoint under the names of tensor_list, exactly.
ExactModel read_exactly(const std::filesystem::path& directory) {
  Cpu cpu{1};
  const ModelShape shape = read_model_shape(directory);
  Parameters<Cpu> parameters = allocate_parameters(cpu, shape);
  read_parameters(cpu, directory, shape, NonFinite::kReject, parameters);
  ExactModel model;
  for (const auto& t : tensor_list(parameters)) {
    const std::vector<float> v = values(*t.tensor);
    model[t.name] = {t.tensor->rows(), t.tensor->cols(), Exact(v.begin(), v.end())};
  }
  return model;
}

class ExactStream : public ::testing::TestWithParam<ExactCase> {};

TEST_P(ExactStream, EveryValueIsRoundedOnce) {
  const ExactCase c = GetParam();
  const TemporaryDirectory home;
  Cpu cpu{1};
  Network<Cpu> network = tiny_network(cpu, shape_of(c.family), 3);
  write_checkpoint(home / "source", network, c.source);
  StreamCase stream_case = c.stream;
  if (c.saved != c.source) stream_case.dtype = c.saved;
  stream(stream_case, home / "source", home / "out");
  ExactModel model = read_exactly(home / "source");
  const WeightForm form =
      c.stream.form == WeightForm::kEffective ? WeightForm::kMerged : WeightForm::kMaster;
  fold_exactly(network.plan.shape, choice_of(c.stream, network.plan.shape), form, model);
  const WeightFiles files = WeightFiles::open(home / "out");
  ASSERT_EQ(files.names().size(), model.size());
  for (const auto& [name, exact] : model) {
    ASSERT_EQ(files.info(name).dtype, c.saved) << name;
    const std::vector<float> stored = read_stored(files, name, NonFinite::kReject);
    ASSERT_EQ(stored.size(), exact.values.size()) << name;
    for (std::size_t i = 0; i < stored.size(); ++i)
      ASSERT_EQ(stored[i], round_exactly(exact.values[i], c.saved)) << name << " at " << i;
  }
}

constexpr auto kMerged = StreamCase{RotationMask(0b1111u), WeightForm::kEffective};
constexpr auto kOnlyR2 = StreamCase{RotationMask(0b0010u), WeightForm::kEffective};

INSTANTIATE_TEST_SUITE_P(
    Cases, ExactStream,
    ::testing::Values(
        ExactCase{"llama_bf16", Family::kLlama, DType::kBF16, DType::kBF16},
        ExactCase{"llama_f32", Family::kLlama, DType::kF32, DType::kF32},
        ExactCase{"llama_f16_to_bf16", Family::kLlama, DType::kF16, DType::kBF16},
        ExactCase{"llama_bf16_merged", Family::kLlama, DType::kBF16, DType::kBF16, kMerged},
        ExactCase{"llama_bf16_r2", Family::kLlama, DType::kBF16, DType::kBF16, kOnlyR2},
        ExactCase{"neox_bf16", Family::kNeoXParallel, DType::kBF16, DType::kBF16},
        ExactCase{"neox_bf16_merged", Family::kNeoXParallel, DType::kBF16, DType::kBF16, kMerged},
        ExactCase{"neox_tied_f32_to_f16", Family::kNeoXSequentialTied, DType::kF32, DType::kF16}),
    [](const ::testing::TestParamInfo<ExactCase>& i) { return std::string(i.param.name); });

}  // namespace
}  // namespace trainer::test
