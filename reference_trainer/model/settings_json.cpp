#include "reference_trainer/model/settings_json.h"

#include <algorithm>
#include <array>
#include <span>
#include <stdexcept>

#include "reference_trainer/base/error.h"
#include "reference_trainer/io/exact_json.h"
#include "reference_trainer/io/json.h"
#include "reference_trainer/ops/quant_names.h"

namespace trainer {
namespace {

using nlohmann::json;

constexpr int kFormatVersion = 1;

[[noreturn]] void reject(const std::string& where, const std::string& got,
                         const std::string& expected) {
  throw_bad_input({"RJ-01", where, got, expected, "roste.json is described in docs/formats.md"});
}

// The value of `key`, of type T, or an error that names the JSON pointer.
template <class T>
T get(const json& object, const char* key, const std::string& where) {
  const std::string pointer = where + "/" + key;
  if (!object.is_object() || !object.contains(key)) reject(pointer, "nothing", "a value");
  try {
    if (const auto value = exactly<T>(object.at(key))) return *value;
  } catch (const json::exception&) {
    // Reported below.
  }
  reject(pointer, shown(object.at(key)), "another type of value");
}

// "\"a\", \"b\" or \"c\""
std::string one_of(std::span<const std::string_view> words) {
  std::string text;
  for (std::size_t i = 0; i < words.size(); ++i) {
    text += i == 0 ? "" : i + 1 == words.size() ? " or " : ", ";
    text += "\"" + std::string(words[i]) + "\"";
  }
  return text;
}

// The enumerator whose word is the value of `key`; words are indexed by the enumerators.
template <class Enum>
Enum get_enum(const json& object, const char* key, std::span<const std::string_view> words,
              const std::string& where) {
  const auto value = get<std::string>(object, key, where);
  const auto found = std::ranges::find(words, value);
  if (found == words.end()) reject(where + "/" + key, in_quotes(value), one_of(words));
  return static_cast<Enum>(found - words.begin());
}

// Indexed by the enumerators.
constexpr std::array<std::string_view, 4> kWeightFormNames = {"master", "merged", "effective",
                                                              "codes"};
constexpr std::array<std::string_view, 3> kNormGainsNames = {"separate", "folded",
                                                             "folded_trained"};

template <class Enum, std::size_t n>
std::string_view word(const std::array<std::string_view, n>& words, Enum value) {
  return words[static_cast<std::size_t>(value)];
}

void check_codes(const ForwardPlan& plan, const std::string& where) {
  if (!plan.quant.weight.enabled())
    reject(where + ":/quantization/weight/bits", "16", "2 ... 8 where weights are codes");
  if (plan.shape.architecture == kNeoXArchitecture)
    reject(where + ":/weights", "codes of a GPT-NeoX model", "codes of one whose norms are folded");
}

}  // namespace

json to_json(const QuantizerSettings& s) {
  return {{"bits", s.bits},
          {"symmetry", name_of(s.symmetry)},
          {"range", name_of(s.range)},
          {"clip", s.clip}};
}

QuantizerSettings quantizer_from_json(const json& j, const std::string& where) {
  QuantizerSettings s;
  s.bits = get<int>(j, "bits", where);
  s.symmetry = get_enum<Symmetry>(j, "symmetry", kSymmetryNames, where);
  s.range = get_enum<Range>(j, "range", kRangeNames, where);
  s.clip = get<float>(j, "clip", where);
  if (s.bits != 16 && (s.bits < 2 || s.bits > 8)) {
    reject(where + "/bits", std::to_string(s.bits), "2 ... 8, or 16 for no quantization");
  }
  if (!(s.clip > 0 && s.clip <= 1))
    reject(where + "/clip", std::to_string(s.clip), "a number in (0, 1]");
  return s;
}

json to_json(const QuantConfig& c) {
  return {
      {"weight", to_json(c.weight)}, {"activation", to_json(c.activation)}, {"kv", to_json(c.kv)}};
}

json to_json(const RotationChoice& choice) {
  json layers = json::array();
  for (const RotationMask mask : choice.layers) layers.push_back(mask.text());
  return {
      {"seed", choice.seed}, {"layers", layers}, {"online_signs", name_of(choice.online_signs)}};
}

RotationChoice rotation_choice_from_json(const ModelShape& shape, const json& j,
                                         const std::string& where) {
  RotationChoice choice;
  choice.seed = get<std::uint64_t>(j, "seed", where);
  // Files of the first version do not name the signs: they were random.
  if (j.contains("online_signs"))
    choice.online_signs = get_enum<OnlineSigns>(j, "online_signs", kOnlineSignsNames, where);
  const auto layers = get<std::vector<std::string>>(j, "layers", where);
  if (static_cast<std::int64_t>(layers.size()) != shape.layers) {
    reject(where + "/layers", std::to_string(layers.size()) + " entries",
           std::to_string(shape.layers) + ", one for each layer");
  }
  for (std::size_t i = 0; i < layers.size(); ++i) {
    const std::string pointer = where + "/layers/" + std::to_string(i);
    try {
      choice.layers.push_back(RotationMask::parse(layers[i]));
    } catch (const std::invalid_argument& e) {
      reject(pointer, in_quotes(layers[i]), "four digits 0 or 1, for R1 to R4");
    }
    if (choice.layers[i].r(1) != choice.r1())
      reject(pointer, layers[i], "R1 as in layer 0: it is one decision for the model");
  }
  return choice;
}

json to_json(const ForwardPlan& plan) {
  return {{"format_version", kFormatVersion},
          {"quantization", to_json(plan.quant)},
          {"rotation", to_json(plan.choice)},
          {"weights", word(kWeightFormNames, plan.weight_form)},
          {"norm_gains", word(kNormGainsNames, plan.norm_gains)}};
}

ForwardPlan plan_from_json(const ModelShape& shape, const json& j, const std::string& where) {
  if (j.is_null()) return plain_plan(shape);
  const int version = get<int>(j, "format_version", where + ":");
  if (version != kFormatVersion) {
    reject(where + ":/format_version", std::to_string(version), std::to_string(kFormatVersion));
  }
  const json quant = get<json>(j, "quantization", where + ":");
  const std::string q = where + ":/quantization";
  const QuantConfig config{
      quantizer_from_json(get<json>(quant, "weight", q), q + "/weight"),
      quantizer_from_json(get<json>(quant, "activation", q), q + "/activation"),
      quantizer_from_json(get<json>(quant, "kv", q), q + "/kv")};
  ForwardPlan plan =
      make_plan(shape, config,
                rotation_choice_from_json(shape, get<json>(j, "rotation", where + ":"),
                                          where + ":/rotation"));
  plan.weight_form = get_enum<WeightForm>(j, "weights", kWeightFormNames, where + ":");
  plan.norm_gains = get_enum<NormGains>(j, "norm_gains", kNormGainsNames, where + ":");
  if (plan.weight_form == WeightForm::kCodes) check_codes(plan, where);
  return plan;
}

}  // namespace trainer
