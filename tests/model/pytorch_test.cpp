// The full-precision model against transformers (tests/oracle/make_llama_golden.py).
#include "tests/model/golden.h"

#include "reference_trainer/roste/merge_rotations.h"

namespace trainer {
namespace {

class PyTorch : public testing::TestWithParam<std::string> {
 protected:
  std::filesystem::path directory() const {
    return test::golden_directory() / ("llama_" + GetParam());
  }
};

// Bounds of the project: 1e-5 of the largest logit, 1e-4 of each gradient tensor's largest value.
TEST_P(PyTorch, LogitsLossAndEveryGradientAgree) {
  Cpu cpu(1);
  const test::Golden golden(directory() / "expected.safetensors");
  const Network<Cpu> network = load_network(cpu, directory(), NonFinite::kReject);
  test::GoldenInput in(cpu, golden);
  NoTap tap;
  test::GoldenRun run(cpu, network, in, tap);
  EXPECT_LT(test::relative_difference(run.logits, golden.floats("logits")), 1e-5);
  EXPECT_NEAR(run.loss, static_cast<double>(golden.floats("loss")[0]), 1e-5 * run.loss);
  for (const auto& g : tensor_list(run.gradients)) {
    ASSERT_TRUE(golden.contains("grad." + g.name)) << g.name;
    EXPECT_LT(test::relative_difference(test::values(*g.tensor), golden.floats("grad." + g.name)),
              1e-4)
        << g.name;
  }
}

// Folding, R1 and the in-block rotations of real checkpoints: 1e-4 in float32.
TEST_P(PyTorch, FoldedAndRotatedLogitsAgree) {
  Cpu cpu(1);
  const test::Golden golden(directory() / "expected.safetensors");
  Network<Cpu> network = load_network(cpu, directory(), NonFinite::kReject);
  fold_norms(cpu, network);
  apply_plan(cpu, {}, RotationChoice::shared(RotationMask(15), network.plan.shape, 1), network);
  test::GoldenInput in(cpu, golden);
  NoTap tap;
  test::GoldenRun run(cpu, network, in, tap);
  EXPECT_LT(test::relative_difference(run.logits, golden.floats("logits")), 1e-4);
}

INSTANTIATE_TEST_SUITE_P(Models, PyTorch,
                         testing::Values("tied_gqa", "untied_mha_bias", "qwen2", "bf16"),
                         [](const auto& model) { return model.param; });

}  // namespace
}  // namespace trainer
