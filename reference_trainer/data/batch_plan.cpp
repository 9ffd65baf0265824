#include "reference_trainer/data/batch_plan.h"

#include <algorithm>
#include <numeric>
#include <set>
#include <stdexcept>
#include <utility>

#include "reference_trainer/data/permutation.h"

namespace trainer {
namespace {

constexpr std::int64_t kMegabatches = 50;  // batches of a megabatch, as transformers has it

std::vector<std::int64_t> lengths_of(const SampleView& samples, Batching batching) {
  std::vector<std::int64_t> lengths;
  if (batching == Batching::kShuffled) return lengths;
  lengths.reserve(static_cast<std::size_t>(samples.size()));
  for (std::int64_t i = 0; i < samples.size(); ++i) lengths.push_back(samples.length(i));
  return lengths;
}

std::vector<std::int64_t> by_falling_length(std::span<const std::int64_t> lengths) {
  std::vector<std::int64_t> order(lengths.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(),
                   [&](std::int64_t a, std::int64_t b) { return lengths[a] > lengths[b]; });
  return order;
}

}  // namespace

std::vector<std::vector<std::int64_t>> pack_best_fit(std::span<const std::int64_t> lengths,
                                                     std::int64_t capacity) {
  std::vector<std::vector<std::int64_t>> packs;
  std::set<std::pair<std::int64_t, std::int64_t>> room;  // (free tokens, pack)
  for (const std::int64_t sample : by_falling_length(lengths)) {
    const std::int64_t length = lengths[static_cast<std::size_t>(sample)];
    if (length > capacity) throw std::invalid_argument("pack_best_fit: a sample above capacity");
    const auto fit = room.lower_bound({length, 0});
    std::pair<std::int64_t, std::int64_t> left{capacity, static_cast<std::int64_t>(packs.size())};
    if (fit == room.end()) {
      packs.emplace_back();
    } else {
      left = *fit;
      room.erase(fit);
    }
    packs[static_cast<std::size_t>(left.second)].push_back(sample);
    left.first -= length;
    if (left.first > 0) room.insert(left);
  }
  return packs;
}

void sort_megabatches(std::span<const std::int64_t> lengths, std::int64_t megabatch,
                      std::vector<std::int64_t>& order) {
  for (auto first = order.begin(); first != order.end();) {
    const auto last = first + std::min<std::int64_t>(megabatch, order.end() - first);
    std::stable_sort(first, last,
                     [&](std::int64_t a, std::int64_t b) { return lengths[a] > lengths[b]; });
    first = last;
  }
}

BatchPlan::BatchPlan(const SampleView& samples, const BatchSettings& settings)
    : settings_(settings),
      lengths_(lengths_of(samples, settings.batching)),
      packs_(settings.batching == Batching::kPacked ? pack_best_fit(lengths_, settings.pack_length)
                                                    : std::vector<std::vector<std::int64_t>>()),
      units_(settings.batching == Batching::kPacked ? static_cast<std::int64_t>(packs_.size())
                                                    : samples.size()),
      shuffled_(units_, settings.seed) {}

const std::vector<std::int64_t>& BatchPlan::grouped_order(std::int64_t epoch) {
  if (epoch != epoch_) {
    grouped_ = permutation(units_, settings_.seed, static_cast<std::uint64_t>(epoch));
    sort_megabatches(lengths_, kMegabatches * settings_.micro_batch * settings_.accumulation,
                     grouped_);
    epoch_ = epoch;
  }
  return grouped_;
}

std::vector<std::int64_t> BatchPlan::units_of_step(std::int64_t step) {
  const std::int64_t count = settings_.micro_batch * settings_.accumulation;
  if (settings_.batching != Batching::kGroupedByLength) return shuffled_.batch(count, step);
  std::vector<std::int64_t> units;
  for (std::int64_t at = step * count; at < (step + 1) * count; ++at)
    units.push_back(grouped_order(at / units_)[at % units_]);
  return units;
}

std::vector<std::vector<std::int64_t>> BatchPlan::micro_batches(std::int64_t step) {
  const std::vector<std::int64_t> units = units_of_step(step);
  std::vector<std::vector<std::int64_t>> batches;
  for (std::size_t i = 0; i < units.size(); ++i) {
    if (i % static_cast<std::size_t>(settings_.micro_batch) == 0) batches.emplace_back();
    std::vector<std::int64_t>& batch = batches.back();
    if (settings_.batching == Batching::kPacked) {
      const auto& pack = packs_[static_cast<std::size_t>(units[i])];
      batch.insert(batch.end(), pack.begin(), pack.end());
    } else {
      batch.push_back(units[i]);
    }
  }
  return batches;
}

std::vector<TokenBatch> step_batches(const SampleView& samples, BatchPlan& plan,
                                     std::int64_t step) {
  std::vector<TokenBatch> batches;
  SftSample buffer;
  for (const std::vector<std::int64_t>& indices : plan.micro_batches(step)) {
    TokenBatch& batch = batches.emplace_back(make_batch({}));
    for (const std::int64_t i : indices) append_sequence(samples.at(i, buffer), batch);
  }
  return batches;
}

}  // namespace trainer
