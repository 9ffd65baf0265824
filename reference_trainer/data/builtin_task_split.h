// Which split of the built-in task a prompt belongs to.
#pragma once

#include <cstdint>
#include <string_view>

#include "reference_trainer/base/random.h"

namespace trainer::builtin {

// The value is also the number of the split's random stream: if it changes, every text changes.
enum class Split : std::uint64_t {
  kTrain = 0,
  kValidation = 1,
  kTest = 2,
  kPretraining = 3,
  kCalibration = 4
};

// FNV-1a with 64 bits (Fowler, Noll, Vo; RFC 9923), mixed because its low bits alone are weak.
constexpr std::uint64_t hash_of(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return mixed_bits(hash);
}

// kTest, kValidation and kCalibration for one prompt in eight each, else kTrain, by the text alone.
// So no two splits, whatever their sizes and seeds, can share a prompt, and none has to remember
// another's. Pre-training keeps to prompts whose home is kTrain.
constexpr Split home_of(std::string_view prompt) {
  switch (hash_of(prompt) % 8) {
    case 0:
      return Split::kTest;
    case 1:
      return Split::kValidation;
    case 2:
      return Split::kCalibration;
    default:
      return Split::kTrain;
  }
}

}  // namespace trainer::builtin
