// GPT-NeoX (Pythia) models against transformers (tests/oracle/make_neox_golden.py), folded,
// rotated, and through files.
#include "reference_trainer/roste/merge_rotations.h"
#include "tests/io/files.h"
#include "tests/model/golden.h"

namespace trainer {
namespace {

class NeoX : public ::testing::TestWithParam<std::string> {
 protected:
  NeoX() : golden(directory() / "expected.safetensors"), in(cpu, golden) {}

  std::filesystem::path directory() const {
    return test::golden_directory() / ("neox_" + GetParam());
  }
  Network<Cpu> network() { return load_network(cpu, directory(), NonFinite::kReject); }
  test::GoldenRun run(const Network<Cpu>& n) {
    NoTap tap;
    return {cpu, n, in, tap};
  }

  Cpu cpu{1};
  test::Golden golden;
  test::GoldenInput in;
};

// Bounds of the project: 1e-5 of the largest logit, 1e-4 of each gradient tensor's largest value.
TEST_P(NeoX, LogitsLossAndEveryGradientAgree) {
  test::GoldenRun r = run(network());
  EXPECT_LT(test::relative_difference(r.logits, golden.floats("logits")), 1e-5);
  EXPECT_NEAR(r.loss, static_cast<double>(golden.floats("loss")[0]), 1e-5 * r.loss);
  for (const auto& g : tensor_list(r.gradients)) {
    ASSERT_TRUE(golden.contains("grad." + g.name)) << g.name;
    EXPECT_LT(test::relative_difference(test::values(*g.tensor), golden.floats("grad." + g.name)),
              1e-4)
        << g.name;
  }
}

TEST_P(NeoX, TheSameBitsForAnyThreads) {
  const Network<Cpu> n = network();
  const test::GoldenRun one = run(n);
  for (const int threads : {2, 3}) {
    Cpu several(threads);
    NoTap tap;
    const test::GoldenRun other(several, n, in, tap);
    EXPECT_EQ(other.logits, one.logits) << threads;
    EXPECT_EQ(get_parameters(several, const_cast<Parameters<Cpu>&>(other.gradients)),
              get_parameters(cpu, const_cast<Parameters<Cpu>&>(one.gradients)))
        << threads;
  }
}

TEST_P(NeoX, FoldedAndRotatedLogitsAgree) {
  for (const unsigned mask : {0u, 15u}) {
    Network<Cpu> n = network();
    fold_norms(cpu, n);
    EXPECT_EQ(n.plan.shape.norm, NormKind::kRmsNorm);
    apply_plan(cpu, {}, RotationChoice::shared(RotationMask(mask), n.plan.shape, 1), n);
    EXPECT_LT(test::relative_difference(run(n).logits, golden.floats("logits")), 1e-4) << mask;
  }
}

// What the folded model is, by its stream: every row has mean 0 before the final norm. The sum of
// 32 float32 values below 16 is off by 32 * 16 u.
TEST_P(NeoX, TheFoldedStreamHasMeanZero) {
  Network<Cpu> n = network();
  fold_norms(cpu, n);
  update_effective_weights(cpu, n);
  Activations<Cpu> acts(n.plan.shape, Keep::kOneLayer);
  transformer_forward(cpu, n, in.input, acts);
  const std::int64_t d = n.plan.shape.hidden_size;
  for (std::int64_t r = 0; r < acts.residual.rows(); ++r) {
    double sum = 0;
    for (std::int64_t c = 0; c < d; ++c)
      sum += static_cast<double>(acts.residual.data()[r * d + c]);
    ASSERT_NEAR(sum, 0, 32 * 16 * 0x1p-24) << r;
  }
}

// Saved and read back: as it is, fused again; and folded and rotated, in the form of our own.
TEST_P(NeoX, FilesKeepEveryBit) {
  const testing::TemporaryDirectory home;
  Network<Cpu> n = network();
  const HostParameters before = get_parameters(cpu, n.parameters);
  save_network(cpu, n, {n.plan.shape, nullptr, {}}, home / "plain");
  Network<Cpu> plain = load_network(cpu, home / "plain", NonFinite::kReject);
  EXPECT_EQ(get_parameters(cpu, plain.parameters), before);
  EXPECT_EQ(run(plain).logits, run(n).logits);

  fold_norms(cpu, n);
  apply_plan(cpu, {}, RotationChoice::shared(RotationMask(15), n.plan.shape, 1), n);
  save_network(cpu, n, {n.plan.shape, to_json(n.plan), {}}, home / "folded");
  Network<Cpu> folded = load_network(cpu, home / "folded", NonFinite::kReject);
  EXPECT_EQ(folded.plan.shape.architecture, kFoldedNeoXArchitecture);
  EXPECT_EQ(folded.plan.norm_gains, NormGains::kFolded);
  EXPECT_EQ(run(folded).logits, run(n).logits);
}

TEST_P(NeoX, WrittenFilesAreTensorForTensorThoseThatWereRead) {
  const testing::TemporaryDirectory home;
  Network<Cpu> n = network();
  save_network(cpu, n, {n.plan.shape, nullptr, {}}, home / "again");
  const test::Golden read(directory() / "model.safetensors"),
      written(home / "again/model.safetensors");
  for (const ExpectedTensor& e : expected_tensors(n.plan.shape))
    EXPECT_EQ(written.floats(e.name), read.floats(e.name)) << e.name;
}

INSTANTIATE_TEST_SUITE_P(Models, NeoX, ::testing::Values("parallel", "sequential", "tied_no_bias"),
                         [](const auto& model) { return model.param; });

// The kinds are words of the shape: none of them may be ignored.
TEST(NeoXShape, GoldensDifferInTheKindsTheyTest) {
  const auto shape = [](const char* name) {
    return read_model_shape(test::golden_directory() / name);
  };
  EXPECT_EQ(shape("neox_parallel").residual, ResidualKind::kParallel);
  EXPECT_EQ(shape("neox_parallel").rotary_dim(), 2);
  EXPECT_EQ(shape("neox_sequential").residual, ResidualKind::kSequential);
  EXPECT_EQ(shape("neox_sequential").rotary_dim(), 4);
  EXPECT_EQ(shape("neox_sequential").rope_theta, 500.0f);
  EXPECT_FALSE(shape("neox_tied_no_bias").qkv_bias);
  EXPECT_TRUE(shape("neox_tied_no_bias").tied_embeddings);
}

}  // namespace
}  // namespace trainer
