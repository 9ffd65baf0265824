#include "reference_trainer/model/settings_json.h"

#include <stdexcept>

#include "reference_trainer/base/error.h"
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
    return object.at(key).get<T>();
  } catch (const json::exception&) {
    reject(pointer, object.at(key).dump(), "another type of value");
  }
}

Symmetry parse_symmetry(const std::string& value, const std::string& where) {
  for (const Symmetry s : {Symmetry::kSymmetric, Symmetry::kAsymmetric}) {
    if (value == name_of(s)) return s;
  }
  reject(where, "\"" + value + "\"", "\"symmetric\" or \"asymmetric\"");
}

Range parse_range(const std::string& value, const std::string& where) {
  for (const Range r : {Range::kZeroIncluded, Range::kTight, Range::kPaperEq4}) {
    if (value == name_of(r)) return r;
  }
  reject(where, "\"" + value + "\"", "\"zero_included\", \"tight\" or \"paper_eq4\"");
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
  s.symmetry = parse_symmetry(get<std::string>(j, "symmetry", where), where + "/symmetry");
  s.range = parse_range(get<std::string>(j, "range", where), where + "/range");
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
  return {{"seed", choice.seed}, {"layers", layers}};
}

RotationChoice rotation_choice_from_json(const ModelShape& shape, const json& j,
                                         const std::string& where) {
  RotationChoice choice;
  choice.seed = get<std::uint64_t>(j, "seed", where);
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
      reject(pointer, "\"" + layers[i] + "\"", "four digits 0 or 1, for R1 to R4");
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
          {"weights", plan.weight_form == WeightForm::kEffective ? "effective" : "master"},
          {"norm_gains", plan.norm_gains == NormGains::kFolded ? "folded" : "separate"}};
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
  const auto form = get<std::string>(j, "weights", where + ":");
  if (form != "master" && form != "effective")
    reject(where + ":/weights", "\"" + form + "\"", "\"master\" or \"effective\"");
  plan.weight_form = form == "effective" ? WeightForm::kEffective : WeightForm::kMaster;
  const auto gains = get<std::string>(j, "norm_gains", where + ":");
  if (gains != "separate" && gains != "folded")
    reject(where + ":/norm_gains", "\"" + gains + "\"", "\"separate\" or \"folded\"");
  plan.norm_gains = gains == "folded" ? NormGains::kFolded : NormGains::kSeparate;
  return plan;
}

}  // namespace trainer
