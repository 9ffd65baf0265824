#include "reference_trainer/report/report_json.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

#include "reference_trainer/base/error.h"
#include "reference_trainer/report/report_fields.h"

namespace trainer {
namespace {

using Turns = std::array<GridMark, 4>;

// ---- To JSON. Structs of structs: all overloads are declared before the first template is used.

nlohmann::ordered_json json_of(const std::string& text) { return text; }
nlohmann::ordered_json json_of(double value) { return value; }  // not finite: dumped as null
nlohmann::ordered_json json_of(int value) { return value; }
nlohmann::ordered_json json_of(std::int64_t value) { return value; }

// As the double whose shortest text is that of the float: 0.1, not 0.10000000149011612.
nlohmann::ordered_json json_of(float value) {
  std::array<char, 32> text;
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
  double shortest = value;
  if (std::isfinite(value)) std::from_chars(text.data(), end, shortest);
  return shortest;
}

nlohmann::ordered_json json_of(const Turns& turns) {
  std::string digits;
  for (const GridMark turn : turns) digits += turn == GridMark::kHadamard ? '1' : '0';
  return digits;
}

template <class T>
nlohmann::ordered_json json_of(const std::vector<T>& items);

template <class T>
nlohmann::ordered_json json_of(const T& value) {
  if constexpr (std::is_enum_v<T>) {
    return kWords<T>[static_cast<std::size_t>(value)];
  } else {
    nlohmann::ordered_json json = nlohmann::ordered_json::object();
    const auto add = [&]<class Value>(const Field<T, Value>& field) {
      const Value& member = value.*field.member;
      if constexpr (requires { member.has_value(); }) {
        if (member) json[std::string(field.name)] = json_of(*member);
      } else {
        json[std::string(field.name)] = json_of(member);
      }
    };
    std::apply([&](const auto&... field) { (add(field), ...); }, kFields<T>);
    return json;
  }
}

template <class T>
nlohmann::ordered_json json_of(const std::vector<T>& items) {
  nlohmann::ordered_json json = nlohmann::ordered_json::array();
  for (const T& item : items) json.push_back(json_of(item));
  return json;
}

// ---- From JSON

// A value and where it stands: "report.json:/tables/0/id".
struct Place {
  const nlohmann::json& json;
  std::string where;

  Place at(const std::string& key) const { return {json.at(key), where + "/" + key}; }
  Place at(std::size_t i) const { return {json.at(i), where + "/" + std::to_string(i)}; }
};

[[noreturn]] void refuse(const Place& place, const std::string& expected) {
  constexpr std::size_t kShown = 60;  // bytes of a wrong value
  std::string got = place.json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  if (got.size() > kShown) got = got.substr(0, kShown) + "...";
  throw_bad_input({"RP-01", place.where, got, expected, "write the report again"});
}

void read(const Place& place, std::string& text) {
  if (!place.json.is_string()) refuse(place, "a string");
  text = place.json.get<std::string>();
}

void read(const Place& place, double& value) {
  if (!place.json.is_number() && !place.json.is_null()) refuse(place, "a number or null");
  value =
      place.json.is_null() ? std::numeric_limits<double>::quiet_NaN() : place.json.get<double>();
}

void read(const Place& place, float& value) {
  double wide = 0;
  read(place, wide);
  value = static_cast<float>(wide);
}

void read(const Place& place, std::int64_t& value) {
  if (!place.json.is_number_integer()) refuse(place, "an integer");
  value = place.json.get<std::int64_t>();
}

void read(const Place& place, int& value) {
  constexpr std::int64_t kMostDecimals = 17;  // the only int of a report is Measure::decimals
  std::int64_t wide = 0;
  read(place, wide);
  if (wide < 0 || wide > kMostDecimals) refuse(place, "an integer from 0 to 17");
  value = static_cast<int>(wide);
}

void read(const Place& place, Turns& turns) {
  std::string digits;
  read(place, digits);
  if (digits.size() != turns.size() || digits.find_first_not_of("01") != std::string::npos)
    refuse(place, "four digits 0 or 1, R1 R2 R3 R4");
  for (std::size_t i = 0; i < turns.size(); ++i)
    turns[i] = digits[i] == '1' ? GridMark::kHadamard : GridMark::kIdentity;
}

template <class T>
void read(const Place& place, std::vector<T>& items);

template <class T>
void read(const Place& place, std::optional<T>& value);

template <class Enum>
void read_word(const Place& place, Enum& value) {
  std::string word;
  read(place, word);
  const auto& words = kWords<Enum>;
  const auto found = std::find(words.begin(), words.end(), word);
  std::string list;
  for (const std::string_view known : words)
    list += (list.empty() ? "" : ", ") + std::string(known);
  if (found == words.end()) refuse(place, "one of " + list);
  value = static_cast<Enum>(found - words.begin());
}

template <class T>
void read(const Place& place, T& value) {
  if constexpr (std::is_enum_v<T>) {
    read_word(place, value);
  } else {
    if (!place.json.is_object()) refuse(place, "an object");
    const auto take = [&](const auto& field) {
      const std::string name(field.name);
      if (place.json.contains(name)) read(place.at(name), value.*field.member);
    };
    std::apply([&](const auto&... field) { (take(field), ...); }, kFields<T>);
  }
}

template <class T>
void read(const Place& place, std::vector<T>& items) {
  if (!place.json.is_array()) refuse(place, "an array");
  items.resize(place.json.size());
  for (std::size_t i = 0; i < items.size(); ++i) read(place.at(i), items[i]);
}

template <class T>
void read(const Place& place, std::optional<T>& value) {
  read(place, value.emplace());
}

}  // namespace

nlohmann::ordered_json to_json(const Report& report) { return json_of(report); }

Report report_from_json(const nlohmann::json& json, const std::string& where) {
  Report report;
  read(Place{json, where + ":"}, report);
  check(report, where);
  return report;
}

}  // namespace trainer
