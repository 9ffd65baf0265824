// How far the logits of two models are apart, piece by piece.
#pragma once

#include <cstdint>
#include <limits>
#include <span>

namespace trainer {

class LogitDifference {
 public:
  // Two pieces of one length.
  void add(std::span<const float> before, std::span<const float> after);
  // max|before - after| / max|before|: 0 where all logits are 0 and stay so, infinity where one is
  // not a number or becomes something from nothing.
  double relative() const;

 private:
  double difference_ = 0, size_ = 0;
};

}  // namespace trainer
