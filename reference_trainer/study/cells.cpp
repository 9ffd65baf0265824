#include "reference_trainer/study/cells.h"

#include <algorithm>
#include <charconv>
#include <stdexcept>

namespace trainer {
namespace {

constexpr int kMostRounds = 1000;
constexpr std::int64_t kMostSeeds = 1000;

[[noreturn]] void refuse(std::string_view got, const std::string& expected) {
  throw std::invalid_argument("'" + std::string(got) + "' is not " + expected);
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (;;) {
    const std::size_t end = std::min(text.find(separator), text.size());
    parts.push_back(text.substr(0, end));
    if (end == text.size()) return parts;
    text.remove_prefix(end + 1);
  }
}

std::int64_t parse_count(std::string_view text, std::int64_t most, const std::string& what) {
  std::int64_t n = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), n);
  if (error != std::errc{} || end != text.data() + text.size() || n < 1 || n > most)
    refuse(text, what + ", an integer from 1 to " + std::to_string(most));
  return n;
}

std::string method_words() {
  std::string words;
  for (const MethodFacts& m : kMethods) words.append(words.empty() ? "" : ", ").append(m.word);
  return words;
}

struct MethodAndRounds {
  Method method;
  int rounds;
};

bool searches(Method method) {
  return method == Method::kRoste || method == Method::kRostePerLayer;
}

MethodAndRounds parse_method(std::string_view text) {
  const std::size_t colon = std::min(text.find(':'), text.size());
  const std::string_view word = text.substr(0, colon);
  const auto found =
      std::ranges::find_if(kMethods, [&](const MethodFacts& m) { return m.word == word; });
  if (found == kMethods.end()) refuse(word, "a method: " + method_words());
  if (colon == text.size()) return {found->method, 1};
  if (!searches(found->method)) refuse(text, "a method with rounds: only roste has them");
  return {found->method, static_cast<int>(parse_count(text.substr(colon + 1), kMostRounds,
                                                      "a number of outer rounds"))};
}

// Takes `letter` and the digits after it off the front of `rest`.
int take_bits(std::string_view letter, std::string_view whole, std::string_view& rest) {
  const std::string expected = "W<bits>A<bits>KV<bits> with 2 to 8 bits, or 16 for none";
  if (!rest.starts_with(letter)) refuse(whole, expected);
  rest.remove_prefix(letter.size());
  int bits = 0;
  const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), bits);
  if (error != std::errc{} || ((bits < 2 || bits > 8) && bits != 16)) refuse(whole, expected);
  rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
  return bits;
}

void add_once(const Cell& cell, std::vector<Cell>& cells) {
  if (std::ranges::find(cells, cell) == cells.end()) cells.push_back(cell);
}

// The methods of one group for one model and seed.
void add_methods(const std::vector<std::string_view>& methods,
                 const std::vector<QuantConfig>& settings, Cell cell, std::vector<Cell>& cells) {
  for (const QuantConfig& setting : settings) {
    for (const std::string_view word : methods) {
      const MethodAndRounds m = parse_method(word);
      cell.method = m.method;
      cell.rounds = m.rounds;
      const bool full = facts_of(m.method).precision == Precision::kFull;
      cell.quant = full ? QuantConfig{} : setting;
      add_once(cell, cells);
    }
  }
}

void add_models(const std::vector<std::string>& models,
                const std::vector<std::string_view>& methods,
                const std::vector<QuantConfig>& settings, std::int64_t seeds,
                std::vector<Cell>& cells) {
  for (const std::string& model : models) {
    for (std::int64_t seed = 0; seed < seeds; ++seed) {
      Cell cell;
      cell.model = model;
      cell.seed = static_cast<std::uint64_t>(seed);
      add_methods(methods, settings, cell, cells);
    }
  }
}

void add_group(std::string_view group, const QuantConfig& quantizers, std::vector<Cell>& cells) {
  const auto parts = split(group, '/');
  if (parts.size() != 4)
    refuse(group, "models/methods/settings/seeds, e.g. pythia/sft+roste/W4A4KV4/3");
  const std::int64_t seeds = parse_count(parts[3], kMostSeeds, "a number of seeds");
  std::vector<std::string> models;
  for (const std::string_view model : split(parts[0], '+')) {
    if (model.empty()) refuse(group, "a group whose models have names");
    models.emplace_back(model);
  }
  std::vector<QuantConfig> settings;
  for (const std::string_view setting : split(parts[2], '+'))
    settings.push_back(parse_setting(setting, quantizers));
  add_models(models, split(parts[1], '+'), settings, seeds, cells);
}

}  // namespace

bool Cell::operator==(const Cell& other) const {
  return model == other.model && seed == other.seed && method == other.method &&
         rounds == other.rounds && setting_name(quant) == setting_name(other.quant);
}

std::string method_word(const Cell& cell) {
  const std::string word(facts_of(cell.method).word);
  return cell.rounds == 1 ? word : word + ":" + std::to_string(cell.rounds);
}

std::string method_label(const Cell& cell) {
  const std::string label(facts_of(cell.method).label);
  return cell.rounds == 1 ? label : label + ", K = " + std::to_string(cell.rounds);
}

std::string setting_name(const QuantConfig& quant) {
  return "W" + std::to_string(quant.weight.bits) + "A" + std::to_string(quant.activation.bits) +
         "KV" + std::to_string(quant.kv.bits);
}

QuantConfig parse_setting(std::string_view text, QuantConfig quantizers) {
  std::string_view rest = text;
  quantizers.weight.bits = take_bits("W", text, rest);
  quantizers.activation.bits = take_bits("A", text, rest);
  quantizers.kv.bits = take_bits("KV", text, rest);
  if (!rest.empty()) refuse(text, "W<bits>A<bits>KV<bits> with 2 to 8 bits, or 16 for none");
  return quantizers;
}

std::vector<Cell> cells_of(const std::vector<std::string>& models, std::string_view methods,
                           const std::vector<QuantConfig>& settings, std::int64_t seeds) {
  std::vector<Cell> cells;
  add_models(models, split(methods, '+'), settings, seeds, cells);
  return cells;
}

std::vector<Cell> parse_cells(std::string_view text, const QuantConfig& quantizers) {
  std::vector<Cell> cells;
  for (const std::string_view group : split(text, ',')) add_group(group, quantizers, cells);
  // One model and seed at a time, so that its data and weights are loaded once.
  std::vector<std::string> models;
  for (const Cell& cell : cells) {
    if (std::ranges::find(models, cell.model) == models.end()) models.push_back(cell.model);
  }
  const auto place = [&](const Cell& cell) {
    return std::pair(std::ranges::find(models, cell.model) - models.begin(), cell.seed);
  };
  std::ranges::stable_sort(cells,
                           [&](const Cell& a, const Cell& b) { return place(a) < place(b); });
  return cells;
}

}  // namespace trainer
