// Typed reading of the keys of a config.json: every failure names file and JSON pointer.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>

#include "reference_trainer/io/json.h"

namespace trainer {

struct IntegerBounds {
  std::int64_t lowest;
  std::int64_t highest;
};

// Sizes of a model: within int32, so that products of two of them stay within int64.
inline constexpr IntegerBounds kSizeRange = {1, std::numeric_limits<std::int32_t>::max()};

// Blocks of a model: every one is planned for before its weights are looked for, so their number is
// bounded by more than what an int32 holds. The deepest models have some 130.
inline constexpr IntegerBounds kLayerRange = {1, 10000};

// Widths that a rotation may have, for the same reason: its signs are made before anything is read.
inline constexpr IntegerBounds kWidthRange = {1, 1 << 24};

// Reads one JSON object. A key whose value is null counts as absent, as it does for transformers.
class ConfigReader {
 public:
  // `file` is named in errors; `object` must outlive the reader. Throws CF-02 if it is no object.
  ConfigReader(std::string file, const nlohmann::json& object, std::string pointer = "");

  // The value of `key`, or nullptr.
  const nlohmann::json* find(const std::string& key) const;
  // The value of `key`. Throws CF-02 when it is absent.
  const nlohmann::json& require(const std::string& key) const;

  // An integer of `range`. Throws CF-02 (absent), CF-05 (zero), CF-04 (anything else).
  std::int64_t size(const std::string& key, IntegerBounds range = kSizeRange) const;
  std::int64_t size_or(const std::string& key, std::int64_t absent) const;
  // Throws CF-04 when it is not a number or not finite as a float.
  float number(const std::string& key) const;
  // The same as it is written, in double precision.
  double real(const std::string& key) const;
  // Whether `key` is true; absent counts as false. Throws CF-04 when it is not true or false.
  bool is_true(const std::string& key) const;
  // Whether `key` is false; absent counts as true. Throws as is_true.
  bool is_false(const std::string& key) const;

  // The reader of an object inside, or nothing. Throws CF-02 when it is no object.
  std::optional<ConfigReader> inside(const std::string& key) const;

  // "dir/config.json:/key"
  std::string where(const std::string& key) const;

 private:
  std::string file_;
  const nlohmann::json* object_;
  std::string pointer_;
};

// `value` as an integer of `range`. Floats are refused even where they are whole (4096.0). Throws
// CF-04, CF-05 for a zero that must not be one.
std::int64_t integer_in(const nlohmann::json& value, IntegerBounds range, const std::string& where);

}  // namespace trainer
