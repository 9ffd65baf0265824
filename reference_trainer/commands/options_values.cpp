#include "reference_trainer/commands/options_values.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <system_error>

#include "reference_trainer/base/error.h"
#include "reference_trainer/commands/suggest.h"
#include "reference_trainer/report/number_text.h"

namespace trainer {
namespace {

// ", or -1 (all)"
std::string special_text(const std::optional<SpecialInteger>& special) {
  if (!special) return "";
  return ", or " + std::to_string(special->value) + " (" + special->meaning + ")";
}

std::string range_text(const RealRange& range) {
  return "a number in " + std::string(range.low_bound == Bound::kIncluded ? "[" : "(") +
         shortest_text(range.low) + ", " + shortest_text(range.high) +
         (range.high_bound == Bound::kIncluded ? "]" : ")") + special_text(range.special);
}

std::string range_text(const IntegerRange& range) {
  return "an integer from " + std::to_string(range.low) + " to " + std::to_string(range.high) +
         special_text(range.special);
}

bool inside(std::int64_t n, const IntegerRange& range) {
  return (n >= range.low && n <= range.high) || (range.special && n == range.special->value);
}

[[noreturn]] void throw_not_a_value(const FlagValue& value, const std::string& expected,
                                    const std::string& hint) {
  throw_usage({"CL-02", value.where, "'" + value.text + "'", expected, hint});
}

[[noreturn]] void throw_out_of_range(const FlagValue& value, const std::string& expected,
                                     const std::string& hint) {
  throw_usage({"CL-03", value.where, "'" + value.text + "'", expected, hint});
}

// Parses all of `text` into `number`; a prefix that is a number is not enough.
template <class T>
std::errc from_whole(std::string_view text, T& number) {
  const char* const end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, number);
  if (error == std::errc::invalid_argument || stopped != end) return std::errc::invalid_argument;
  return error;
}

bool inside(double x, const RealRange& range) {
  const bool above = range.low_bound == Bound::kIncluded ? x >= range.low : x > range.low;
  const bool below = range.high_bound == Bound::kIncluded ? x <= range.high : x < range.high;
  const bool special = range.special && x == static_cast<double>(range.special->value);
  return (above && below) || special;
}

// Whether from_chars sees a number whose digits are not an integer's: 1.5, 1e3.
bool is_real_number(std::string_view text) {
  double number = 0;
  return from_whole(text, number) != std::errc::invalid_argument && std::isfinite(number);
}

std::string joined(std::span<const std::string_view> words) {
  std::string text;
  for (const std::string_view word : words) text.append(text.empty() ? "" : " | ").append(word);
  return text;
}

// Takes `letter` and the digits after it off the front of `rest`.
int take_bits(std::string_view letter, const FlagValue& value, std::string_view& rest) {
  if (!rest.starts_with(letter))
    throw_not_a_value(value, "W<bits>A<bits>KV<bits>", "e.g. W4A4KV4,W3A3KV3");
  rest.remove_prefix(letter.size());
  const std::size_t digits = std::min(rest.find_first_not_of("0123456789"), rest.size());
  const int bits = parse_bits({std::string(rest.substr(0, digits)), value.where});
  rest.remove_prefix(digits);
  return bits;
}

QuantConfig parse_setting(const FlagValue& item, QuantConfig quant) {
  std::string_view rest = item.text;
  quant.weight.bits = take_bits("W", item, rest);
  quant.activation.bits = take_bits("A", item, rest);
  quant.kv.bits = take_bits("KV", item, rest);
  if (!rest.empty()) throw_not_a_value(item, "W<bits>A<bits>KV<bits>", "e.g. W4A4KV4,W3A3KV3");
  return quant;
}

}  // namespace

double parse_real(const FlagValue& value, const RealRange& range) {
  double number = 0;
  const std::errc error = from_whole(value.text, number);
  const std::string hint = "e.g. " + range.example;
  if (error == std::errc::invalid_argument || (error == std::errc{} && !std::isfinite(number))) {
    throw_not_a_value(value, range_text(range), hint);
  }
  if (error != std::errc{} || !inside(number, range))
    throw_out_of_range(value, range_text(range), hint);
  return number;
}

std::vector<double> parse_reals(const FlagValue& value, const RealRange& range) {
  std::vector<double> numbers;
  for (std::string_view rest = value.text;;) {
    const std::size_t comma = std::min(rest.find(','), rest.size());
    const double number = parse_real({std::string(rest.substr(0, comma)), value.where}, range);
    if (std::find(numbers.begin(), numbers.end(), number) != numbers.end()) {
      throw_usage(
          {"CL-04", value.where, "'" + shortest_text(number) + "' twice", "every number once", ""});
    }
    numbers.push_back(number);
    if (comma == rest.size()) return numbers;
    rest.remove_prefix(comma + 1);
  }
}

double parse_power_of_two(const FlagValue& value, const RealRange& range) {
  const double number = parse_real(value, range);
  int exponent = 0;
  if (std::frexp(number, &exponent) == 0.5) return number;
  throw_out_of_range(
      value, "a power of two from " + shortest_text(range.low) + " to " + shortest_text(range.high),
      "e.g. " + range.example);
}

std::int64_t parse_integer(const FlagValue& value, const IntegerRange& range) {
  std::int64_t number = 0;
  const std::errc error = from_whole(value.text, number);
  if (error == std::errc::invalid_argument && !is_real_number(value.text)) {
    throw_not_a_value(value, range_text(range), "");
  }
  if (error != std::errc{} || !inside(number, range)) {
    throw_out_of_range(value, range_text(range), "");
  }
  return number;
}

int parse_bits(const FlagValue& value) {
  const std::string expected = "2, 3, ..., 8 bits, or 16 (not quantized)";
  std::int64_t bits = 0;
  const std::errc error = from_whole(value.text, bits);
  if (error == std::errc::invalid_argument && !is_real_number(value.text))
    throw_not_a_value(value, expected, "");
  const bool known = (bits >= 2 && bits <= 8) || bits == 16;
  if (error != std::errc{} || !known) throw_out_of_range(value, expected, "");
  return static_cast<int>(bits);
}

Truth parse_truth(const FlagValue& value) {
  if (value.text == "true") return Truth::kTrue;
  if (value.text == "false") return Truth::kFalse;
  throw_not_a_value(value, "true | false", "");
}

std::size_t parse_word(const FlagValue& value, std::span<const std::string_view> words) {
  const auto found = std::find(words.begin(), words.end(), value.text);
  if (found != words.end()) return static_cast<std::size_t>(found - words.begin());
  const std::string nearest = nearest_word(value.text, words);
  throw_not_a_value(value, joined(words), nearest.empty() ? "" : "did you mean '" + nearest + "'?");
}

std::vector<std::size_t> parse_words(const FlagValue& value,
                                     std::span<const std::string_view> words) {
  std::vector<std::size_t> found;
  for (std::string_view rest = value.text;;) {
    const std::size_t comma = std::min(rest.find(','), rest.size());
    const std::string word(rest.substr(0, comma));
    const std::size_t index = parse_word({word, value.where}, words);
    if (std::find(found.begin(), found.end(), index) != found.end())
      throw_usage({"CL-04", value.where, "'" + word + "' twice", "every word once", ""});
    found.push_back(index);
    if (comma == rest.size()) return found;
    rest.remove_prefix(comma + 1);
  }
}

std::vector<QuantConfig> parse_settings(const FlagValue& value, const QuantConfig& base) {
  std::vector<QuantConfig> settings;
  for (std::string_view rest = value.text;;) {
    const std::size_t comma = std::min(rest.find(','), rest.size());
    const FlagValue item{std::string(rest.substr(0, comma)), value.where};
    const QuantConfig setting = parse_setting(item, base);
    for (const QuantConfig& earlier : settings) {
      if (bits_name(earlier) == bits_name(setting)) {
        throw_usage({"CL-04", value.where, "'" + item.text + "' twice", "every setting once", ""});
      }
    }
    settings.push_back(setting);
    if (comma == rest.size()) return settings;
    rest.remove_prefix(comma + 1);
  }
}

void check_rotations(const FlagValue& value) {
  const std::string& text = value.text;
  const bool digits = text.find_first_not_of("0123456789") == std::string::npos;
  if (!digits) return;
  if (text.size() != 4 || text.find_first_not_of("01") != std::string::npos) {
    throw_out_of_range(value, "four digits 0 or 1 for R1 R2 R3 R4, or the file of a search result",
                       "e.g. 1111 rotates everywhere, 0000 nowhere");
  }
}

}  // namespace trainer
