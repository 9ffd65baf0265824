// Samples wherever they are: in memory, or in a file that is read piece by piece.
#pragma once

#include <concepts>
#include <cstdint>
#include <span>

#include "reference_trainer/data/sft_dataset.h"

namespace trainer {

// Samples that are not held in memory. May be asked from one thread at a time.
class SampleStore {
 public:
  virtual ~SampleStore() = default;
  virtual std::int64_t size() const = 0;
  virtual std::int64_t length(std::int64_t index) const = 0;  // tokens, without reading them
  // Tokens and targets of a sample; its reference stays empty. Throws Error where reading fails.
  virtual void read(std::int64_t index, SftSample& sample) const = 0;
};

// Refers to samples, which must outlive it; cheap to copy.
class SampleView {
 public:
  template <class Samples>
  requires std::convertible_to<const Samples&, std::span<const SftSample>> SampleView(
      const Samples& samples)
      : samples_(samples) {}  // NOLINT: as a span does
  // The samples `rows` of the store, in this order.
  SampleView(const SampleStore& store, std::span<const std::int64_t> rows)
      : store_(&store), rows_(rows) {}

  std::int64_t size() const {
    return static_cast<std::int64_t>(store_ == nullptr ? samples_.size() : rows_.size());
  }
  std::int64_t length(std::int64_t i) const {
    const auto at = static_cast<std::size_t>(i);
    return store_ == nullptr ? static_cast<std::int64_t>(samples_[at].tokens.size())
                             : store_->length(rows_[at]);
  }
  // The sample, which lies in memory or is read into `buffer`.
  const SftSample& at(std::int64_t i, SftSample& buffer) const {
    const auto at = static_cast<std::size_t>(i);
    if (store_ == nullptr) return samples_[at];
    store_->read(rows_[at], buffer);
    return buffer;
  }

 private:
  std::span<const SftSample> samples_;
  const SampleStore* store_ = nullptr;
  std::span<const std::int64_t> rows_;
};

}  // namespace trainer
