// Work that leaves no result looks for a request to stop: between batches, tokens and weights.
#include "reference_trainer/base/stop_request.h"

#include <gtest/gtest.h>

#include <csignal>

#include "reference_trainer/eval/evaluate.h"
#include "reference_trainer/eval/sample.h"
#include "reference_trainer/roste/calibrate.h"
#include "tests/eval/generation_models.h"

namespace trainer {
namespace {

struct NoTap {
  void operator()(std::size_t, Site, const Tensor<Cpu>&) const {}
};

class StopRequestDeathTest : public testing::Test {
 protected:
  // Asks for an end and then works. The process ends as the program would.
  template <class Work>
  static void expect_stop(const Work& work) {
    const auto asked = [&] {
      install_signal_rules();
      ::raise(SIGTERM);
      try {
        work();
      } catch (const Stopped& stopped) {
        ::_exit(stopped.exit_code());
      }
      ::_exit(0);
    };
    EXPECT_EXIT(asked(), testing::ExitedWithCode(128 + SIGTERM), "");
  }

  Cpu cpu_{1};
  const Network<Cpu> network_ = test::talkative_network(cpu_, test::generating_shape());
  const std::vector<SftSample> samples_ = {{{1, 2, 3}, {0, 1, 1}, 1, ""}};
};

TEST_F(StopRequestDeathTest, SG01_Loss) {
  expect_stop([&] { dataset_loss<Cpu>(cpu_, network_, samples_, 1, {}); });
}

TEST_F(StopRequestDeathTest, SG01_GreedyTokens) {
  const std::vector<TokenSequence> prompts{{1}};
  expect_stop([&] { generate_greedy<Cpu>(cpu_, network_, prompts, {8, {}}, 1, {}); });
}

TEST_F(StopRequestDeathTest, SG01_SampledTokens) {
  SampleSettings settings;
  settings.sequences = 1;
  settings.max_length = 8;
  settings.first_tokens = {1, 2};
  expect_stop([&] { sample_sequences<Cpu>(cpu_, network_, settings, {}); });
}

TEST_F(StopRequestDeathTest, SG01_Calibration) {
  expect_stop([&] {
    NoTap tap;
    run_samples<Cpu>(cpu_, network_, samples_, 1, tap);
  });
  const RotationMatrices matrices = make_rotation_matrices(network_.plan.shape, 0);
  expect_stop([&] {
    weight_error<Cpu>(cpu_, QuantizerSettings{4}, matrices, 0, Linear::kQ,
                      network_.parameters.layers[0].weight[Linear::kQ]);
  });
}

}  // namespace
}  // namespace trainer
