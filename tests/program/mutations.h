// Seeded ways to spoil a file, for tests that give the program many of them.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace trainer::test {

// SplitMix64.
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : state_(seed) {}
  // 0 ... n - 1; n > 0.
  std::size_t below(std::size_t n) {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return static_cast<std::size_t>((z ^ (z >> 31)) % n);
  }

 private:
  std::uint64_t state_;
};

// Every place of a JSON text, as pointers.
inline void append_pointers(const nlohmann::ordered_json& json, const std::string& at,
                            std::vector<std::string>& pointers) {
  if (!at.empty()) pointers.push_back(at);
  std::size_t index = 0;
  for (const auto& [key, value] : json.items()) {
    std::string token;
    for (const char c : key) token += c == '~' ? "~0" : c == '/' ? "~1" : std::string(1, c);
    if (!json.is_object()) token = std::to_string(index++);
    if (value.is_structured())
      append_pointers(value, at + "/" + token, pointers);
    else
      pointers.push_back(at + "/" + token);
  }
}

// `json` with one value, at a place by chance, of another type or beyond every range.
inline std::string with_another_value(nlohmann::ordered_json json, Dice& dice) {
  std::vector<std::string> pointers;
  append_pointers(json, "", pointers);
  nlohmann::ordered_json values = nlohmann::ordered_json::array(
      {nullptr, true, "x", "", -1, 0, 1.5, 1e308, 4294967296, nlohmann::ordered_json::array(),
       nlohmann::ordered_json::object(), "\x1b[31m\n", nlohmann::ordered_json::array({-1, "y"})});
  const nlohmann::ordered_json::json_pointer place(pointers[dice.below(pointers.size())]);
  json[place] = values[dice.below(values.size())];
  return json.dump();
}

// `text` cut, with a bit flipped, bytes overwritten, inserted or doubled.
inline std::string with_other_bytes(const std::string& text, Dice& dice) {
  std::string bad = text;
  const std::size_t at = dice.below(text.size());
  const std::size_t length = 1 + dice.below(8);
  switch (dice.below(5)) {
    case 0:
      return text.substr(0, at);
    case 1:
      bad[at] = static_cast<char>(bad[at] ^ (1 << dice.below(8)));
      return bad;
    case 2:
      for (std::size_t i = at; i < std::min(at + length, bad.size()); ++i)
        bad[i] = static_cast<char>(dice.below(256));
      return bad;
    case 3:
      return bad.insert(at, std::string(length, "\"{[,\x00\xff\n9"[dice.below(8)]));
    default:
      return text.substr(0, at) + text.substr(at / 2);
  }
}

// The JSON header of a safetensors file, spoiled by `change`, with the data as it was.
template <class Change>
std::string with_another_header(const std::string& bytes, const Change& change) {
  std::uint64_t length = 0;
  for (std::size_t i = 8; i-- > 0;) length = length << 8 | static_cast<unsigned char>(bytes[i]);
  const std::string header = change(bytes.substr(8, length));
  std::string start;
  for (int i = 0; i < 8; ++i) start += static_cast<char>((header.size() >> (8 * i)) & 0xff);
  return start + header + bytes.substr(8 + length);
}

}  // namespace trainer::test
