#include "reference_trainer/report/number_text.h"

#include <array>
#include <charconv>
#include <utility>

namespace trainer {

std::string fixed_text(double value, int decimals) {
  std::array<char, 400> buffer;  // the largest double has 309 digits before the point
  const auto result = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value,
                                    std::chars_format::fixed, decimals);
  return {buffer.data(), result.ptr};
}

std::string shortest_text(double value) {
  std::array<char, 32> buffer;  // the longest, -2.2250738585072014e-308, has 24
  const auto result = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value);
  return {buffer.data(), result.ptr};
}

std::string short_count_text(double value) {
  // 999.5 of a unit would print as 1000 of it, so it belongs to the next one.
  for (const auto& [unit, letter] :
       {std::pair{1e9, "G"}, std::pair{1e6, "M"}, std::pair{1e3, "k"}}) {
    if (value < unit * 0.9995) continue;
    const double scaled = value / unit;
    return fixed_text(scaled, scaled < 9.995 ? 2 : scaled < 99.95 ? 1 : 0) + letter;
  }
  return fixed_text(value, 0);
}

}  // namespace trainer
