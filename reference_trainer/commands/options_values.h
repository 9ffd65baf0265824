// Text to values. Every value is parsed whole and without regard to the locale; what may be said is
// named in the error.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "reference_trainer/commands/options.h"

namespace trainer {

// A value as the user wrote it, and where: "--seed" or "demo.yaml:3 (seed)".
struct FlagValue {
  std::string text;
  std::string where;
};

enum class Bound { kIncluded, kExcluded };

// A number outside the range that is allowed for what it means, e.g. {-1, "all"}.
struct SpecialInteger {
  std::int64_t value;
  std::string meaning;
};

struct RealRange {
  double low, high;
  Bound low_bound = Bound::kIncluded;
  Bound high_bound = Bound::kIncluded;
  std::string example;  // shown in errors, e.g. "2e-5"
  std::optional<SpecialInteger> special = {};
};

struct IntegerRange {
  std::int64_t low, high;
  std::optional<SpecialInteger> special = {};
};

// A finite number. Throws CL-02 for text that is not wholly a number or not finite, CL-03 outside
// the range.
double parse_real(const FlagValue& value, const RealRange& range);

// Numbers joined by commas, each as parse_real takes it; none twice (CL-04).
std::vector<double> parse_reals(const FlagValue& value, const RealRange& range);

// As parse_real, for a power of two: scaling by it is exact. Throws CL-03 for other numbers.
double parse_power_of_two(const FlagValue& value, const RealRange& range);

// As parse_real; 1e3 and 4.0 are not integers.
std::int64_t parse_integer(const FlagValue& value, const IntegerRange& range);

// Bits of a quantizer: 2 ... 8, or 16 for "not quantized". Throws CL-02, CL-03.
int parse_bits(const FlagValue& value);

// "true" or "false". Throws CL-02.
enum class Truth { kFalse, kTrue };
Truth parse_truth(const FlagValue& value);

// The index of the word in `words`. Throws CL-02 naming all words and the nearest.
std::size_t parse_word(const FlagValue& value, std::span<const std::string_view> words);

// Words joined by commas, each as parse_word takes it; none twice (CL-04).
std::vector<std::size_t> parse_words(const FlagValue& value,
                                     std::span<const std::string_view> words);

// A list such as W4A4KV4,W3A3KV3: `base` with other bits. Throws CL-02, CL-03, and CL-04 for an
// item that occurs twice.
std::vector<QuantConfig> parse_settings(const FlagValue& value, const QuantConfig& base);

// Checks digits such as 1011; anything but digits is a path and is not looked at. Throws CL-03.
void check_rotations(const FlagValue& value);

}  // namespace trainer
