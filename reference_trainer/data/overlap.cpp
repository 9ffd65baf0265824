#include "reference_trainer/data/overlap.h"

#include <string_view>
#include <unordered_map>
#include <unordered_set>

namespace trainer {
namespace {

std::string_view bytes_of(const SftSample& sample) {
  return {reinterpret_cast<const char*>(sample.tokens.data()),
          sample.tokens.size() * sizeof(TokenId)};
}

}  // namespace

std::int64_t count_overlap(const SampleView& train, std::span<const SftSample> others) {
  std::unordered_map<std::string_view, std::int64_t> wanted;  // how often each comes in `others`
  std::unordered_set<std::int64_t> lengths;
  for (const SftSample& sample : others) {
    ++wanted[bytes_of(sample)];
    lengths.insert(static_cast<std::int64_t>(sample.tokens.size()));
  }
  std::int64_t count = 0;
  SftSample buffer;
  for (std::int64_t i = 0; i < train.size() && !wanted.empty(); ++i) {
    if (!lengths.contains(train.length(i))) continue;
    const auto found = wanted.find(bytes_of(train.at(i, buffer)));
    if (found == wanted.end()) continue;
    count += found->second;
    wanted.erase(found);
  }
  return count;
}

}  // namespace trainer
