#include "reference_trainer/io/config_reader.h"

#include <cmath>
#include <utility>

#include "reference_trainer/base/error.h"

namespace trainer {

using nlohmann::json;

namespace {

constexpr std::uint64_t kMaxInt64 = std::numeric_limits<std::int64_t>::max();

}  // namespace

ConfigReader::ConfigReader(std::string file, const json& object, std::string pointer)
    : file_(std::move(file)), object_(&object), pointer_(std::move(pointer)) {
  if (object.is_object()) return;
  throw_bad_input({"CF-02", file_ + ":" + pointer_, shown(object), "an object", ""});
}

std::string ConfigReader::where(const std::string& key) const {
  return file_ + ":" + pointer_ + pointer_step(key);
}

const json* ConfigReader::find(const std::string& key) const {
  const auto found = object_->find(key);
  return found == object_->end() || found->is_null() ? nullptr : &*found;
}

const json& ConfigReader::require(const std::string& key) const {
  const json* value = find(key);
  if (value != nullptr) return *value;
  throw_bad_input({"CF-02", where(key), "no value", "this key", ""});
}

std::int64_t ConfigReader::size(const std::string& key, IntegerBounds range) const {
  return integer_in(require(key), range, where(key));
}

std::int64_t ConfigReader::size_or(const std::string& key, std::int64_t absent) const {
  return find(key) == nullptr ? absent : size(key);
}

float ConfigReader::number(const std::string& key) const {
  const json& value = require(key);
  const auto number = value.is_number() ? static_cast<float>(value.get<double>()) : NAN;
  if (std::isfinite(number)) return number;
  throw_bad_input({"CF-04", where(key), shown(value), "a number that float32 can hold", ""});
}

double ConfigReader::real(const std::string& key) const {
  number(key);  // or CF-04
  return require(key).get<double>();
}

bool ConfigReader::is_true(const std::string& key) const {
  return find(key) != nullptr && !is_false(key);
}

bool ConfigReader::is_false(const std::string& key) const {
  const json* value = find(key);
  if (value == nullptr) return false;
  if (value->is_boolean()) return !value->get<bool>();
  throw_bad_input({"CF-04", where(key), shown(*value), "true or false", ""});
}

std::optional<ConfigReader> ConfigReader::inside(const std::string& key) const {
  const json* value = find(key);
  if (value == nullptr) return std::nullopt;
  return ConfigReader(file_, *value, pointer_ + pointer_step(key));
}

std::int64_t integer_in(const json& value, IntegerBounds range, const std::string& where) {
  // Whatever is above int64 becomes negative by the cast and must not pass for -1.
  const bool fits = value.is_number_integer() &&
                    !(value.is_number_unsigned() && value.get<std::uint64_t>() > kMaxInt64);
  const std::int64_t integer = fits ? value.get<std::int64_t>() : range.lowest - 1;
  if (integer >= range.lowest && integer <= range.highest) return integer;
  throw_bad_input(
      {fits && integer == 0 ? "CF-05" : "CF-04", where, shown(value),
       "an integer from " + std::to_string(range.lowest) + " to " + std::to_string(range.highest),
       ""});
}

}  // namespace trainer
