// Sequences that a model makes up: their law, their seed, and the length at which they end.
#include "reference_trainer/eval/sample.h"

#include <gtest/gtest.h>

#include <map>
#include <numeric>
#include <set>

#include "tests/eval/generation_models.h"

namespace trainer {
namespace {

SampleSettings settings_for(const ModelShape& shape) {
  SampleSettings s;
  s.sequences = 12;
  s.max_length = 14;
  s.batch_size = 5;
  s.seed = 3;
  s.first_tokens = ordinary_tokens(shape.vocab_size, std::vector<TokenId>{0, 1, 7});
  return s;
}

class Sample : public testing::Test {
 protected:
  std::vector<TokenSequence> sample(const SampleSettings& s) {
    return sample_sequences<Cpu>(cpu, network, s, {});
  }

  Cpu cpu{1};
  Network<Cpu> network = test::talkative_network(cpu, test::generating_shape());
  SampleSettings settings = settings_for(network.plan.shape);
};

TEST_F(Sample, TheSeedDecidesEverything) {
  const auto first = sample(settings);
  EXPECT_EQ(sample(settings), first);
  SampleSettings other = settings;
  other.seed = 4;
  const auto second = sample(other);
  int different = 0;
  for (std::size_t i = 0; i < first.size(); ++i) different += second[i] != first[i];
  EXPECT_GE(different, 11);  // of 12
}

TEST_F(Sample, ThreadsAndBatchesDoNotChangeTheText) {
  const auto expected = sample(settings);
  for (const int threads : {2, 3}) {
    Cpu several(threads);
    EXPECT_EQ(sample_sequences<Cpu>(several, network, settings, {}), expected) << threads;
  }
  SampleSettings alone = settings;
  alone.batch_size = 1;  // products of another shape: equal but for rounding, here entirely
  EXPECT_EQ(sample(alone), expected);
}

// The first sequences do not depend on how many follow.
TEST_F(Sample, MoreSequencesBeginWithTheSame) {
  const auto few = sample(settings);
  settings.sequences = 20;
  const auto many = sample(settings);
  EXPECT_EQ(many.size(), 20u);
  for (std::size_t i = 0; i < 10; ++i) EXPECT_EQ(many[i], few[i]);
}

TEST_F(Sample, LengthsAndFirstTokensAreThoseAskedFor) {
  for (const TokenSequence& s : sample(settings)) {
    EXPECT_EQ(s.size(), 14u);
    EXPECT_EQ(std::count(settings.first_tokens.begin(), settings.first_tokens.end(), s[0]), 1);
  }
}

// A sequence begins with the tokens of greedy generation from its first one, as many as it drew,
// and leaves them afterwards.
TEST_F(Sample, ThreeToFiveTokensAreGreedy) {
  settings.sequences = 40;
  std::set<std::int64_t> drawn;
  int left_at_once = 0;
  const auto sequences = sample(settings);
  for (std::size_t i = 0; i < sequences.size(); ++i) {
    const std::int64_t greedy = SequenceDraws(settings, i).greedy_tokens();
    drawn.insert(greedy);
    const auto count = static_cast<std::size_t>(greedy);
    const TokenSequence expected =
        test::slow_greedy(cpu, network, {sequences[i][0]}, greedy);  // one more than greedy
    for (std::size_t t = 1; t < count; ++t) EXPECT_EQ(sequences[i][t], expected[t - 1]) << i;
    left_at_once += sequences[i][count] != expected[count - 1];
  }
  EXPECT_EQ(drawn, (std::set<std::int64_t>{3, 4, 5}));
  EXPECT_GE(left_at_once, 10) << "nothing was sampled";
}

// Every token that occurs is tried as the stop token: a sequence is cut behind it.
TEST_F(Sample, AStopTokenIsTheLastOfItsSequence) {
  const auto endless = sample(settings);
  std::set<TokenId> tokens;
  for (const TokenSequence& s : endless) tokens.insert(s.begin() + 1, s.end());
  for (const TokenId stop : tokens) {
    settings.stop = {stop};
    const auto stopped = sample(settings);
    for (std::size_t i = 0; i < endless.size(); ++i) {
      auto end = std::find(endless[i].begin() + 1, endless[i].end(), stop);
      if (end != endless[i].end()) ++end;
      EXPECT_EQ(stopped[i], TokenSequence(endless[i].begin(), end)) << stop;
    }
  }
}

TEST_F(Sample, DoneHearsOfEveryBatch) {
  std::vector<std::size_t> heard;
  sample_sequences<Cpu>(cpu, network, settings, [&](std::size_t n) { heard.push_back(n); });
  EXPECT_EQ(heard, (std::vector<std::size_t>{5, 10, 12}));
}

// Weights 1, 2, 0, 5 of 8.
TEST(TokenAtShare, GoldenShares) {
  const std::vector<float> logits{0, std::log(2.0f), -2000, std::log(5.0f)};
  const auto at = [&](double share) { return token_at_share(logits, 1, share); };
  EXPECT_EQ(at(0), 0);
  EXPECT_EQ(at(0.1249), 0);
  EXPECT_EQ(at(0.1251), 1);
  EXPECT_EQ(at(0.3749), 1);
  EXPECT_EQ(at(0.3751), 3);
  EXPECT_EQ(at(0x1.fffffffffffffp-1), 3);
}

// Weights 1, 4 and 25 of 30 at half the temperature; equal ones when it is hot.
TEST(TokenAtShare, TemperatureSharpensAndFlattens) {
  const std::vector<float> logits{0, std::log(2.0f), std::log(5.0f)};
  EXPECT_EQ(token_at_share(logits, 0.5, 0.0332), 0);
  EXPECT_EQ(token_at_share(logits, 0.5, 0.0334), 1);
  EXPECT_EQ(token_at_share(logits, 0.5, 0.1666), 1);
  EXPECT_EQ(token_at_share(logits, 0.5, 0.1667), 2);
  EXPECT_EQ(token_at_share(logits, 1e6, 0.334), 1);
  EXPECT_EQ(token_at_share(logits, 1e6, 0.667), 2);
}

// The share where rounding leaves nothing to exceed it still names a token that has a weight.
TEST(TokenAtShare, TheLastShareIsATokenThatHasAWeight) {
  const std::vector<float> logits{0, 0, 0, -2000, -2000};
  EXPECT_EQ(token_at_share(logits, 1, 1.0), 2);
}

// 4000 draws: a count of n p differs from it by more than 5 sqrt(n p (1 - p)) once in 10^6.
TEST(SequenceDraws, FirstTokensLengthsAndSharesAreUniform) {
  SampleSettings s;
  s.first_tokens = {2, 3, 5, 8};
  std::map<TokenId, int> first;
  std::map<std::int64_t, int> greedy;
  double sum = 0;
  constexpr int kDraws = 4000;
  for (std::size_t i = 0; i < kDraws; ++i) {
    const SequenceDraws draws(s, i);
    ++first[draws.first_token()];
    ++greedy[draws.greedy_tokens()];
    sum += draws.share(i % 7);
  }
  ASSERT_EQ(first.size(), 4u);
  for (const auto& [token, count] : first) EXPECT_NEAR(count, 1000, 5 * std::sqrt(750.0)) << token;
  ASSERT_EQ(greedy.size(), 3u);
  for (const auto& [n, count] : greedy) EXPECT_NEAR(count, 1333.3, 5 * std::sqrt(888.9)) << n;
  EXPECT_NEAR(sum / kDraws, 0.5, 5 / std::sqrt(12.0 * kDraws));
}

// Equal shares would sample one word again and again.
TEST(SequenceDraws, EveryPositionAndSequenceHasAShareOfItsOwn) {
  SampleSettings s;
  std::set<double> shares;
  for (std::size_t sequence = 0; sequence < 20; ++sequence) {
    for (std::size_t position = 1; position < 20; ++position)
      shares.insert(SequenceDraws(s, sequence).share(position));
  }
  EXPECT_EQ(shares.size(), 20u * 19u);
}

TEST(OrdinaryTokens, AreAllButTheSpecialOnes) {
  EXPECT_EQ(ordinary_tokens(5, std::vector<TokenId>{0, 3, 9}), (std::vector<TokenId>{1, 2, 4}));
}

TEST(SampleSettings, OutsideTheirRangesTheyAreRefused) {
  SampleSettings good;
  good.first_tokens = {1};
  EXPECT_NO_THROW(check(good));
  const auto refused = [&](auto change) {
    SampleSettings bad = good;
    change(bad);
    EXPECT_THROW(check(bad), std::invalid_argument);
  };
  refused([](SampleSettings& s) { s.sequences = 0; });
  refused([](SampleSettings& s) { s.max_length = 1; });
  refused([](SampleSettings& s) { s.least_greedy = 0; });
  refused([](SampleSettings& s) { s.least_greedy = 6; });
  refused([](SampleSettings& s) { s.temperature = 0; });
  refused([](SampleSettings& s) { s.batch_size = 0; });
  refused([](SampleSettings& s) { s.first_tokens.clear(); });
}

}  // namespace
}  // namespace trainer
