// The loss of a data set, and ROUGE of what the model generates from its prompts.
#include "reference_trainer/eval/evaluate.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "reference_trainer/data/builtin_task.h"
#include "tests/eval/generation_models.h"

namespace trainer {
namespace {

// The built-in task's tokenizer: one word is one token.
Tokenizer word_tokenizer(std::int64_t vocab_size) {
  const auto directory =
      std::filesystem::path(testing::TempDir()) / ("roste-evaluate-" + std::to_string(::getpid()));
  std::filesystem::create_directories(directory);
  std::ofstream(directory / "tokenizer.json") << builtin_tokenizer_json();
  Tokenizer tokenizer = Tokenizer::load(directory, vocab_size);
  std::filesystem::remove_all(directory);
  return tokenizer;
}

ModelShape word_shape() {
  ModelShape s = test::generating_shape();
  s.vocab_size = static_cast<std::int64_t>(builtin_vocabulary().size());
  return s;
}

class Evaluate : public testing::Test {
 protected:
  Evaluation evaluation(std::size_t batch_size) {
    return evaluate<Cpu>(cpu, network, tokenizer, samples, {generation, batch_size, {}});
  }

  TokenSequence prompt(const SftSample& s) const {
    return {s.tokens.begin(), s.tokens.begin() + s.prompt_length};
  }
  // What the model says on a sample's prompt.
  std::string answer(const SftSample& s) {
    return tokenizer.decode_continuation(
        prompt(s), test::slow_greedy(cpu, network, prompt(s), generation.max_new_tokens));
  }

  Cpu cpu{1};
  Network<Cpu> network = test::generating_network(cpu, word_shape(), test::Precision::kPlain);
  Tokenizer tokenizer = word_tokenizer(network.plan.shape.vocab_size);
  std::vector<SftSample> samples = test::tiny_samples(network.plan.shape, 7, 31);
  GenerationSettings generation{6, {}};
};

// -log softmax(logits)[target] in double.
double cross_entropy(const float* logits, std::int64_t vocab, TokenId target) {
  double sum = 0;
  for (std::int64_t v = 0; v < vocab; ++v)
    sum += std::exp(static_cast<double>(logits[v]) - static_cast<double>(logits[target]));
  return std::log(sum);
}

// Samples have 3 to 11 targets, so a mean over samples or over batches would differ.
TEST_F(Evaluate, LossIsTheMeanOverAllTargetsWhateverTheBatchSize) {
  double sum = 0;
  std::int64_t targets = 0;
  for (const SftSample& s : samples) {
    const Tensor<Cpu> logits = test::full_logits(cpu, network, {s.tokens.begin(), s.tokens.end()});
    for (std::size_t t = 1; t < s.tokens.size(); ++t) {
      if (s.target[t] == 0) continue;
      const float* row = logits.data() + static_cast<std::int64_t>(t - 1) * logits.cols();
      sum += cross_entropy(row, logits.cols(), s.tokens[t]);
      ++targets;
    }
  }
  for (const std::size_t batch_size : {1u, 2u, 3u, 7u, 50u}) {
    const Evaluation e = evaluation(batch_size);
    EXPECT_EQ(e.targets, targets);
    EXPECT_EQ(e.samples, samples.size());
    // Float32 logits of products of other shapes: relative rounding of 1e-6.
    EXPECT_NEAR(e.loss, sum / static_cast<double>(targets), 1e-5 * e.loss) << batch_size;
    EXPECT_DOUBLE_EQ(e.perplexity(), std::exp(e.loss));
  }
}

TEST_F(Evaluate, RougeOfWhatTheModelSaysIsOne) {
  for (SftSample& s : samples) s.reference = answer(s);
  for (const std::size_t batch_size : {1u, 3u, 50u}) {
    const RougeScores r = evaluation(batch_size).rouge;
    for (const double score : {r.rouge1, r.rouge2, r.rouge_l, r.rouge_lsum, r.average()})
      EXPECT_NEAR(score, 1, 1e-12) << samples[0].reference;
  }
}

// References with the halves of what is said exchanged: all four measures differ from each other.
TEST_F(Evaluate, RougeIsTheMeanOfEachMeasureOverSamples) {
  RougeScores expected;
  const auto n = static_cast<double>(samples.size());
  for (std::size_t i = 0; i < samples.size(); ++i) {
    const std::string said = answer(samples[i]);
    const std::size_t half = said.find(' ', said.size() / 2);
    ASSERT_NE(half, std::string::npos) << said;
    const std::string between = i % 2 == 0 ? "\n" : " extra ";
    samples[i].reference = said.substr(half + 1) + between + said.substr(0, half);
    const RougeScores r = rouge(samples[i].reference, said);
    expected.rouge1 += r.rouge1 / n;
    expected.rouge2 += r.rouge2 / n;
    expected.rouge_l += r.rouge_l / n;
    expected.rouge_lsum += r.rouge_lsum / n;
  }
  const RougeScores r = evaluation(4).rouge;
  EXPECT_NEAR(r.rouge1, expected.rouge1, 1e-12);
  EXPECT_NEAR(r.rouge2, expected.rouge2, 1e-12);
  EXPECT_NEAR(r.rouge_l, expected.rouge_l, 1e-12);
  EXPECT_NEAR(r.rouge_lsum, expected.rouge_lsum, 1e-12);
  EXPECT_GT(r.rouge1, r.rouge_lsum);
  EXPECT_GT(r.rouge2, r.rouge_l);
  EXPECT_GT(r.rouge_lsum, r.rouge_l);
}

// References with every word in the plural have the words' stems.
TEST_F(Evaluate, StemsAreComparedWhereTheSettingsSaySo) {
  for (SftSample& s : samples) {
    std::string plural;
    for (const char c : answer(s)) plural += c == ' ' ? std::string("s ") : std::string(1, c);
    s.reference = plural + "s";
  }
  const auto with = [&](Stemming stemming) {
    return evaluate<Cpu>(cpu, network, tokenizer, samples, {generation, 3, {}, stemming});
  };
  const Evaluation words = with(Stemming::kNone), stems = with(Stemming::kPorter);
  EXPECT_GT(stems.rouge.rouge1, words.rouge.rouge1);
  EXPECT_EQ(words.rouge.rouge1, evaluation(3).rouge.rouge1) << "words are the default";
  ASSERT_EQ(stems.rouge_each.size(), samples.size());
  EXPECT_EQ(mean_of(stems.rouge_each).rouge_l, stems.rouge.rouge_l);
}

// The loss of every sample and the generation of every sample: 14 pieces of work.
TEST_F(Evaluate, ProgressHearsOfEveryBatch) {
  using Heard = std::vector<std::pair<std::size_t, std::size_t>>;
  Heard heard;
  const auto progress = [&](std::size_t done, std::size_t all) { heard.push_back({done, all}); };
  evaluate<Cpu>(cpu, network, tokenizer, samples, {generation, 3, progress});
  EXPECT_EQ(heard, (Heard{{3, 14}, {6, 14}, {7, 14}, {10, 14}, {13, 14}, {14, 14}}));
}

}  // namespace
}  // namespace trainer
