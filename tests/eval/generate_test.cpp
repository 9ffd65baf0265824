// Generation with the key/value cache against full forward passes, and when it ends.
#include <gtest/gtest.h>

#include <set>

#include "tests/eval/generation_models.h"

namespace trainer {
namespace {

using test::Precision;

constexpr std::int64_t kNewTokens = 12;

class Generate : public testing::TestWithParam<test::GenerationCase> {
 protected:
  std::vector<TokenSequence> generate(std::size_t batch_size, const GenerationSettings& settings) {
    return generate_greedy<Cpu>(cpu, network, prompts, settings, batch_size, {});
  }

  Cpu cpu{1};
  Network<Cpu> network = test::generating_network(cpu, GetParam().shape(), GetParam().precision);
  std::vector<TokenSequence> prompts = test::ragged_prompts(network.plan.shape);
};

// Quantizers act on one token or one head of it, so a cache changes no number but by the order of
// additions in products of other shapes.
TEST_P(Generate, TheCacheGivesTheTokensOfFullForwardPasses) {
  const auto generated = generate(prompts.size(), {kNewTokens, {}});
  std::set<TokenId> different;
  for (std::size_t s = 0; s < prompts.size(); ++s) {
    EXPECT_EQ(generated[s], test::slow_greedy(cpu, network, prompts[s], kNewTokens)) << s;
    different.insert(generated[s].begin(), generated[s].end());
  }
  EXPECT_GE(different.size(), 8u) << "a model that repeats one token proves nothing";
}

TEST_P(Generate, RaggedBatchesEqualOneByOne) {
  const auto alone = generate(1, {kNewTokens, {}});
  for (const std::size_t batch_size : {2u, 3u, 5u, 100u})
    EXPECT_EQ(generate(batch_size, {kNewTokens, {}}), alone) << batch_size;
}

// What remains of a sequence: everything before the first stop token.
TokenSequence cut(const TokenSequence& tokens, const std::vector<TokenId>& stop) {
  return {tokens.begin(),
          std::find_first_of(tokens.begin(), tokens.end(), stop.begin(), stop.end())};
}

// Every token that occurs is tried as the stop token: sequences end early in all patterns, and the
// others go on as if they were alone.
TEST_P(Generate, StopTokensEndASequenceAndAreNotPartOfIt) {
  const auto endless = generate(prompts.size(), {kNewTokens, {}});
  std::set<TokenId> tokens;
  for (const TokenSequence& s : endless) tokens.insert(s.begin(), s.end());
  for (const TokenId stop : tokens) {
    const auto stopped = generate(prompts.size(), {kNewTokens, {stop}});
    for (std::size_t s = 0; s < prompts.size(); ++s)
      EXPECT_EQ(stopped[s], cut(endless[s], {stop})) << "sequence " << s << ", stop " << stop;
  }
}

TEST_P(Generate, AnyOfSeveralStopTokensEndsASequence) {
  const auto endless = generate(prompts.size(), {kNewTokens, {}});
  const std::vector<TokenId> stop{endless[0][7], endless[3][2]};
  const auto stopped = generate(prompts.size(), {kNewTokens, stop});
  for (std::size_t s = 0; s < prompts.size(); ++s) EXPECT_EQ(stopped[s], cut(endless[s], stop));
}

TEST_P(Generate, MaxNewTokensIsTheLongestContinuation) {
  const auto endless = generate(prompts.size(), {kNewTokens, {}});
  for (std::int64_t longest = 1; longest < kNewTokens; ++longest) {
    const auto shorter = generate(prompts.size(), {longest, {}});
    for (std::size_t s = 0; s < prompts.size(); ++s) {
      EXPECT_EQ(shorter[s], TokenSequence(endless[s].begin(), endless[s].begin() + longest));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    Models, Generate,
    testing::Values(test::GenerationCase{test::generating_shape, Precision::kPlain},
                    test::GenerationCase{test::generating_shape, Precision::kQuantizedAndRotated},
                    test::GenerationCase{test::generating_neox_shape,
                                         Precision::kQuantizedAndRotated}),
    [](const auto& p) {
      const std::string family = p.param.shape == test::generating_shape ? "Llama" : "NeoX";
      return family + (p.param.precision == Precision::kPlain ? "Plain" : "W4A4KV4Rotated");
    });

TEST(GenerateGreedy, AHeadOfZerosTiesAllTokensAndTheLowestIdWins) {
  Cpu cpu(1);
  const ModelShape shape = test::generating_shape();
  Network<Cpu> network = test::tiny_network(cpu, shape, 5);
  fill_zero(cpu, network.parameters.head);
  const auto prompts = test::ragged_prompts(shape);
  for (const TokenSequence& s : generate_greedy<Cpu>(cpu, network, prompts, {3, {}}, 5, {}))
    EXPECT_EQ(s, (TokenSequence{0, 0, 0}));
}

TEST(GenerateGreedy, DoneHearsOfEveryBatch) {
  Cpu cpu(1);
  const Network<Cpu> network = test::tiny_network(cpu, test::tiny_shape(), 5);
  const auto prompts = test::ragged_prompts(network.plan.shape);
  std::vector<std::size_t> heard;
  generate_greedy<Cpu>(cpu, network, prompts, {1, {}}, 2,
                       [&](std::size_t n) { heard.push_back(n); });
  EXPECT_EQ(heard, (std::vector<std::size_t>{2, 4, 5}));
}

}  // namespace
}  // namespace trainer
