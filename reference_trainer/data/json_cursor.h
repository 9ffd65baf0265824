// A JSON value that knows where it stands, so that every complaint names its JSON pointer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "reference_trainer/io/json.h"

namespace trainer {

// Refers to `value`, which must outlive it. Every function throws Error(kBadInput) with `code` and
// the place "<where>:<pointer>" when the value is not what is asked for.
class JsonCursor {
 public:
  JsonCursor(const nlohmann::json& value, std::string where, std::string code);

  const nlohmann::json& value() const { return *value_; }
  bool is_null() const { return value_->is_null(); }
  bool has(std::string_view key) const;  // the object has the key, be it null

  JsonCursor at(std::string_view key) const;      // must exist
  JsonCursor at(std::size_t index) const;         // index < size of the array
  JsonCursor under(std::string_view code) const;  // the same place, another error code

  const std::string& string() const;
  std::int64_t integer() const;
  bool boolean() const;
  std::size_t array_size() const;  // must be an array
  void expect_object() const;
  // The object has no key but these: what we do not understand is not silently ignored.
  void expect_only(std::initializer_list<std::string_view> keys) const;

  [[noreturn]] void fail(std::string expected, std::string hint = "") const;
  [[noreturn]] void fail_with(std::string got, std::string expected, std::string hint = "") const;

 private:
  JsonCursor child(const nlohmann::json& value, std::string_view key) const;

  const nlohmann::json* value_;
  std::string where_, code_;
  std::string pointer_;
};

}  // namespace trainer
