#include "reference_trainer/baselines/llm_qat.h"

namespace trainer {

std::vector<SftSample> samples_of(std::span<const TokenSequence> sequences) {
  std::vector<SftSample> samples;
  for (const TokenSequence& tokens : sequences) {
    SftSample& sample = samples.emplace_back();
    sample.tokens = tokens;
    sample.target.assign(tokens.size(), 1);
    sample.target.front() = 0;  // nothing predicts it
  }
  return samples;
}

LlmQatReport describe(std::span<const TokenSequence> sequences, const SampleSettings& settings) {
  LlmQatReport report;
  report.sequences = static_cast<std::int64_t>(sequences.size());
  for (const TokenSequence& s : sequences) {
    report.tokens += static_cast<std::int64_t>(s.size());
    report.ended +=
        std::find(settings.stop.begin(), settings.stop.end(), s.back()) != settings.stop.end();
  }
  return report;
}

}  // namespace trainer
