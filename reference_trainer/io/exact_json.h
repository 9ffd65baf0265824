// Values of JSON that came from strangers, as C++ types: without the conversions of json::get,
// which cuts 4.9 to 4, wraps -1 to 2^64 - 1, and takes true for 1.
#pragma once

#include <cmath>
#include <concepts>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

namespace trainer {

// `value` as a T, or nothing where a T cannot hold it: for an integer type a number without a point
// in its range, for a float type a number that stays finite; any other type as json::get gives it,
// which throws json::exception.
template <class T>
std::optional<T> exactly(const nlohmann::json& value) {
  if constexpr (std::integral<T> && !std::same_as<T, bool>) {
    if (!value.is_number_integer()) return std::nullopt;
    const bool fits = value.is_number_unsigned() ? std::in_range<T>(value.get<std::uint64_t>())
                                                 : std::in_range<T>(value.get<std::int64_t>());
    return fits ? std::optional(value.get<T>()) : std::nullopt;
  } else if constexpr (std::floating_point<T>) {
    if (!value.is_number()) return std::nullopt;
    const auto number = static_cast<T>(value.get<double>());
    return std::isfinite(number) ? std::optional(number) : std::nullopt;
  } else {
    return value.get<T>();
  }
}

}  // namespace trainer
