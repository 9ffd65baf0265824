#include "reference_trainer/eval/sample.h"

#include <cmath>
#include <stdexcept>
#include <string>

#include "reference_trainer/base/random.h"

namespace trainer {
namespace {

// Keeps these draws apart from what else is drawn from the same seed.
constexpr std::uint64_t kSamplingStream = 0x73616d706c696e67;  // "sampling"

// What a sequence draws, by index.
constexpr std::uint64_t kFirstToken = 0, kGreedyTokens = 1, kFirstShare = 2;

// Uniform in [0, bound), from one draw: 2^-64 * bound from exactly uniform.
std::uint64_t below(std::uint64_t draw, std::uint64_t bound) {
  return static_cast<std::uint64_t>((static_cast<unsigned __int128>(draw) * bound) >> 64);
}

void require(bool holds, const char* what) {
  if (!holds) throw std::invalid_argument(std::string("sampling: expected ") + what);
}

}  // namespace

std::vector<TokenId> ordinary_tokens(std::int64_t vocab_size, std::span<const TokenId> special) {
  std::vector<TokenId> ordinary;
  for (TokenId t = 0; t < vocab_size; ++t) {
    if (std::find(special.begin(), special.end(), t) == special.end()) ordinary.push_back(t);
  }
  return ordinary;
}

void check(const SampleSettings& s) {
  require(s.sequences >= 1, "at least one sequence");
  require(s.max_length >= 2, "a max_length of at least 2 tokens");
  require(1 <= s.least_greedy && s.least_greedy <= s.most_greedy,
          "1 <= least_greedy <= most_greedy");
  require(s.temperature > 0, "a temperature above 0");
  require(s.batch_size >= 1, "a batch_size of at least 1");
  require(!s.first_tokens.empty(), "at least one token to begin with");
}

SequenceDraws::SequenceDraws(const SampleSettings& settings, std::size_t sequence)
    : settings_(settings),
      key_(roste::random_bits(mixed_bits(settings.seed ^ kSamplingStream), sequence)) {}

TokenId SequenceDraws::first_token() const {
  const auto& tokens = settings_.first_tokens;
  return tokens[below(roste::random_bits(key_, kFirstToken), tokens.size())];
}

std::int64_t SequenceDraws::greedy_tokens() const {
  const auto choices =
      static_cast<std::uint64_t>(settings_.most_greedy - settings_.least_greedy + 1);
  return settings_.least_greedy +
         static_cast<std::int64_t>(below(roste::random_bits(key_, kGreedyTokens), choices));
}

double SequenceDraws::share(std::size_t token_position) const {
  return static_cast<double>(roste::random_bits(key_, kFirstShare + token_position) >> 11) *
         0x1p-53;
}

TokenId token_at_share(std::span<const float> logits, double temperature, double share) {
  const double largest = static_cast<double>(*std::max_element(logits.begin(), logits.end()));
  std::vector<double> running(logits.size());  // sums of weights up to and with each token
  double sum = 0;
  for (std::size_t i = 0; i < logits.size(); ++i) {
    sum += std::exp((static_cast<double>(logits[i]) - largest) / temperature);
    running[i] = sum;
  }
  // Rounding can make share * sum equal to sum: then the last token whose weight is not 0.
  const auto exceeds = std::upper_bound(running.begin(), running.end(), share * sum);
  const auto last = std::lower_bound(running.begin(), running.end(), sum);
  return static_cast<TokenId>(std::min(exceeds, last) - running.begin());
}

}  // namespace trainer
