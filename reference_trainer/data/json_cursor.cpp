#include "reference_trainer/data/json_cursor.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "reference_trainer/base/error.h"

namespace trainer {
namespace {

std::string list_of(std::initializer_list<std::string_view> keys) {
  std::string list;
  for (const std::string_view key : keys) {
    if (!list.empty()) list += ", ";
    list += key;
  }
  return list;
}

// A value in a few words: scalars as they are, containers by kind.
std::string brief(const nlohmann::json& value) {
  return value.is_object() ? "an object" : value.is_array() ? "an array" : shown(value);
}

}  // namespace

JsonCursor::JsonCursor(const nlohmann::json& value, std::string where, std::string code)
    : value_(&value), where_(std::move(where)), code_(std::move(code)) {}

bool JsonCursor::has(std::string_view key) const {
  return value_->is_object() && value_->find(key) != value_->end();
}

JsonCursor JsonCursor::child(const nlohmann::json& value, std::string_view key) const {
  JsonCursor result(value, where_, code_);
  result.pointer_ = pointer_ + pointer_step(key);
  return result;
}

JsonCursor JsonCursor::at(std::string_view key) const {
  expect_object();
  const auto found = value_->find(key);
  if (found == value_->end()) child(*value_, key).fail_with("nothing", "a value");
  return child(*found, key);
}

JsonCursor JsonCursor::at(std::size_t index) const {
  return child((*value_)[index], std::to_string(index));
}

JsonCursor JsonCursor::under(std::string_view code) const {
  JsonCursor result = *this;
  result.code_ = code;
  return result;
}

const std::string& JsonCursor::string() const {
  if (!value_->is_string()) fail("a string");
  return value_->get_ref<const std::string&>();
}

std::int64_t JsonCursor::integer() const {
  if (!value_->is_number_integer()) fail("an integer");
  if (value_->is_number_unsigned() &&
      value_->get<std::uint64_t>() > std::numeric_limits<std::int64_t>::max()) {
    fail("an integer below 2^63");
  }
  return value_->get<std::int64_t>();
}

bool JsonCursor::boolean() const {
  if (!value_->is_boolean()) fail("true or false");
  return value_->get<bool>();
}

std::size_t JsonCursor::array_size() const {
  if (!value_->is_array()) fail("an array");
  return value_->size();
}

void JsonCursor::expect_object() const {
  if (!value_->is_object()) fail("an object");
}

void JsonCursor::expect_only(std::initializer_list<std::string_view> keys) const {
  expect_object();
  for (const auto& [key, value] : value_->items()) {
    if (std::find(keys.begin(), keys.end(), key) == keys.end()) {
      child(value, key).fail_with("an unknown key", "one of " + list_of(keys));
    }
  }
}

void JsonCursor::fail(std::string expected, std::string hint) const {
  fail_with(brief(*value_), std::move(expected), std::move(hint));
}

void JsonCursor::fail_with(std::string got, std::string expected, std::string hint) const {
  const std::string where = where_ + ":" + (pointer_.empty() ? "/" : pointer_);
  throw_bad_input({code_, where, std::move(got), std::move(expected), std::move(hint)});
}

}  // namespace trainer
