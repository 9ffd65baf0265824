// Every architecture as transformers itself saves it, against transformers
// (tests/oracle/make_family_golden.py): as it is, folded and rotated, and GPT-NeoX split.
#include <algorithm>

#include "reference_trainer/eval/generate.h"
#include "reference_trainer/io/model_config.h"
#include "reference_trainer/roste/merge_rotations.h"
#include "reference_trainer/roste/split_qkv.h"
#include "tests/io/files.h"
#include "tests/model/golden.h"

namespace trainer {
namespace {

class Family : public ::testing::TestWithParam<std::string> {
 protected:
  Family() : golden(directory() / "expected.safetensors"), in(cpu, golden) {}

  std::filesystem::path directory() const {
    return test::golden_directory() / ("family_" + GetParam());
  }
  bool is_neox() const { return GetParam().starts_with("neox"); }
  Network<Cpu> network() { return load_network(cpu, directory(), NonFinite::kReject); }
  test::GoldenRun run(const Network<Cpu>& n) {
    NoTap tap;
    return {cpu, n, in, tap};
  }
  // The model saved and read back.
  Network<Cpu> reloaded(Network<Cpu>& n, const std::filesystem::path& home) {
    save_network(cpu, n, {n.plan.shape, to_json(n.plan), {}}, home);
    return load_network(cpu, home, NonFinite::kReject);
  }
  std::vector<TokenSequence> generated(const Network<Cpu>& n) {
    const auto cut = [&](const std::string& name) {
      const std::vector<std::int32_t> all = golden.int32s(name);
      std::vector<TokenSequence> rows;
      for (auto at = all.begin(); at != all.end(); at += golden.cols(name))
        rows.emplace_back(at, at + golden.cols(name));
      return rows;
    };
    expected_generation = cut("generated");
    const GenerationSettings settings{golden.cols("generated"), n.plan.shape.eos_token_ids};
    return generate_greedy(cpu, n, cut("tokens"), settings, 2, {});
  }

  Cpu cpu{1};
  test::Golden golden;
  test::GoldenInput in;
  std::vector<TokenSequence> expected_generation;
};

class SplitNeoX : public Family {};

// Bounds of the project: 1e-5 of the largest logit, 1e-4 of each gradient tensor's largest value.
TEST_P(Family, LogitsGradientsAndGenerationAgree) {
  const Network<Cpu> n = network();
  test::GoldenRun r = run(n);
  EXPECT_LT(test::relative_difference(r.logits, golden.floats("logits")), 1e-5);
  int compared = 0;
  for (const auto& g : tensor_list(r.gradients)) {
    if (g.name.find("layers.1.") != std::string::npos) continue;  // not in the golden
    ASSERT_TRUE(golden.contains("grad." + g.name)) << g.name;
    EXPECT_LT(test::relative_difference(test::values(*g.tensor), golden.floats("grad." + g.name)),
              1e-4)
        << g.name;
    ++compared;
  }
  EXPECT_GE(compared, 11);
  EXPECT_EQ(generated(n), expected_generation);
  EXPECT_GE(expected_generation.at(0).size(), 32u);
}

TEST_P(Family, FoldedRotatedAndReloadedComputesTheSame) {
  const testing::TemporaryDirectory home;
  for (const unsigned mask : {0u, 15u}) {
    Network<Cpu> n = network();
    fold_norms(cpu, n);
    apply_plan(cpu, {}, RotationChoice::shared(RotationMask(mask), n.plan.shape, 1), n);
    const Network<Cpu> again = reloaded(n, home / std::to_string(mask));
    EXPECT_EQ(again.plan.shape.architecture == kFoldedNeoXArchitecture, is_neox());
    EXPECT_LT(test::relative_difference(run(again).logits, golden.floats("logits")), 1e-4) << mask;
    EXPECT_EQ(generated(again), expected_generation) << mask;
  }
}

// transformers v5 wrote config.json, config_v4.json says the same in the keys of v4.
TEST_P(Family, BothSpellingsOfTheConfigurationReadTheSame) {
  const testing::TemporaryDirectory v4;
  std::filesystem::copy_file(directory() / "config_v4.json", v4 / "config.json");
  const ModelShape old = read_model_shape(v4.path()), shape = read_model_shape(directory());
  EXPECT_EQ(config_json(old), config_json(shape));
  EXPECT_EQ(old.rope_scaling.has_value(), GetParam().starts_with("llama3"));
  const testing::TemporaryDirectory ours;
  testing::write_text(ours / "config.json", config_json(shape).dump());
  EXPECT_EQ(config_json(read_model_shape(ours.path())), config_json(shape));
}

// q, k and v of head h are rows 3 h D, (3 h + 1) D and (3 h + 2) D of the fused tensor.
TEST_P(SplitNeoX, HasTheRowsOfTheFusedTensorAndTheSameBits) {
  const testing::TemporaryDirectory home;
  Network<Cpu> n = network();
  split_qkv("config.json", n);
  Network<Cpu> split = reloaded(n, home / "split");
  EXPECT_EQ(split.plan.shape.architecture, kSplitNeoXArchitecture);
  EXPECT_EQ(run(split).logits, run(n).logits);
  const test::Golden fused(directory() / "model.safetensors"),
      parts(home / "split" / "model.safetensors");
  const std::string attention = "gpt_neox.layers.1.attention.";
  const std::vector<float> all = fused.floats(attention + "query_key_value.weight");
  const std::size_t head_values = 8 * 16;
  for (std::size_t part = 0; part < 3; ++part) {
    const std::vector<float> values =
        parts.floats(attention + std::string(1, "qkv"[part]) + "_proj.weight");
    ASSERT_EQ(values.size(), 2 * head_values);
    for (std::size_t h = 0; h < 2; ++h) {
      EXPECT_TRUE(std::equal(values.begin() + h * head_values,
                             values.begin() + (h + 1) * head_values,
                             all.begin() + (3 * h + part) * head_values))
          << part << h;
    }
  }
  EXPECT_EQ(parts.floats(attention + "o_proj.weight"), fused.floats(attention + "dense.weight"));
  fold_norms(cpu, split);
  update_effective_weights(cpu, split);
  EXPECT_EQ(split.plan.shape.architecture, kFoldedNeoXArchitecture);
  EXPECT_LT(test::relative_difference(run(split).logits, golden.floats("logits")), 1e-4);
}

std::string name_of_family(const ::testing::TestParamInfo<std::string>& family) {
  return family.param;
}
const std::vector<std::string> kNeoXFamilies = {"neox_parallel", "neox_parallel_no_bias",
                                                "neox_sequential", "neox_sequential_no_bias"};
INSTANTIATE_TEST_SUITE_P(LlamaAndQwen2, Family,
                         ::testing::Values("llama2", "llama31", "llama32", "qwen2_tied",
                                           "qwen2_untied"),
                         name_of_family);
INSTANTIATE_TEST_SUITE_P(NeoX, Family, ::testing::ValuesIn(kNeoXFamilies), name_of_family);
INSTANTIATE_TEST_SUITE_P(NeoX, SplitNeoX, ::testing::ValuesIn(kNeoXFamilies), name_of_family);

}  // namespace
}  // namespace trainer
