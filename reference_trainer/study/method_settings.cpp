#include "reference_trainer/study/method_settings.h"

#include <algorithm>
#include <array>
#include <span>
#include <string_view>

#include "reference_trainer/report/number_text.h"

namespace trainer {
namespace {

using nlohmann::json;

// A value of `object` as text; empty where there is none.
std::string text_at(const json& object, const char* key) {
  if (!object.is_object() || !object.contains(key)) return "";
  const json& value = object.at(key);
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number_float()) return shortest_text(value.get<double>());
  return value.dump();
}

// An enumerator, which keys keep as its number.
std::string word_at(const json& object, const char* key, std::span<const std::string_view> words) {
  if (!object.is_object() || !object.contains(key) || !object.at(key).is_number_integer())
    return "";
  const auto i = object.at(key).get<std::int64_t>();
  const bool known = i >= 0 && i < static_cast<std::int64_t>(words.size());
  return known ? std::string(words[static_cast<std::size_t>(i)]) : std::to_string(i);
}

json part_of(const json& settings, const char* key) {
  return settings.is_object() ? settings.value(key, json()) : json();
}

std::string training_text(const json& t) {
  if (!t.is_object()) return "";
  const std::string accumulated = text_at(t, "gradient_accumulation_steps");
  return text_at(t, "max_steps") + " steps of " + text_at(t, "per_device_train_batch_size") +
         (accumulated == "1" ? "" : " x " + accumulated) + " samples, learning rate " +
         text_at(t, "learning_rate") + " (" + text_at(t, "lr_scheduler_type") + ", warm-up " +
         text_at(t, "warmup_ratio") + "), AdamW " + text_at(t, "adam_beta1") + " " +
         text_at(t, "adam_beta2") + ", decay " + text_at(t, "weight_decay") + ", gradient norm " +
         text_at(t, "max_grad_norm");
}

std::string gptq_text(const json& g) {
  if (!g.is_object()) return "";
  constexpr std::array<std::string_view, 2> kOrders = {"natural order", "act-order"};
  constexpr std::array<std::string_view, 2> kClips = {"no clip search", "clip search"};
  constexpr std::array<std::string_view, 2> kInputs = {"inputs as multiplied",
                                                       "unquantized inputs"};
  return "damping " + text_at(g, "damping") + ", blocks of " + text_at(g, "block_size") + ", " +
         word_at(g, "column_order", kOrders) + ", " + word_at(g, "clip", kClips) + ", " +
         word_at(g, "inputs", kInputs);
}

std::string spinquant_text(const json& s) {
  if (!s.is_object()) return "";
  constexpr std::array<std::string_view, 2> kWeights = {"quantized weights",
                                                        "full-precision weights"};
  constexpr std::array<std::string_view, 2> kMaps = {"LU", "fixed point"};
  const json cayley = part_of(s, "cayley");
  return "Cayley SGD (" + word_at(cayley, "map", kMaps) + ", momentum " +
         text_at(cayley, "momentum") + "): " + text_at(s, "steps") + " steps of " +
         text_at(s, "batch") + " samples, learning rate " + text_at(s, "learning_rate") + ", on " +
         word_at(s, "weights", kWeights) + ", online " + text_at(s, "online") + " with " +
         text_at(s, "online_signs") + " signs";
}

std::string algorithm1_text(const json& a) {
  if (!a.is_object()) return "";
  constexpr std::array<std::string_view, 2> kWeights = {"unrotated", "merged"};
  constexpr std::array<std::string_view, 3> kGains = {"separate", "frozen", "trained"};
  std::string text;
  const auto add = [&](const std::string& value, const char* before, const char* after) {
    if (!value.empty()) text += (text.empty() ? "" : ", ") + (before + value + after);
  };
  add(text_at(a, "objective"), "Algorithm 1: ", " objective");
  add(text_at(a, "online_signs"), "", " online signs");
  add(text_at(a, "moments"), "moments ", "");
  add(word_at(a, "weights", kWeights), "", " masters");
  add(word_at(a, "norm_gains", kGains), "norm gains ", "");
  return text;
}

std::string adapters_text(const json& a) {
  if (!a.is_object()) return "";
  std::string targets;
  for (const json& target : part_of(a, "targets"))
    targets += (targets.empty() ? "" : " ") + (target.is_string() ? target.get<std::string>() : "");
  return "r " + text_at(a, "r") + ", alpha " + text_at(a, "alpha") + ", on " + targets + "; " +
         training_text(part_of(a, "training"));
}

std::string llm_qat_text(const json& q) {
  if (!q.is_object()) return "";
  return text_at(q, "sequences") + " sequences of up to " + text_at(q, "max_length") +
         " tokens of the model's own";
}

std::string method_text(const json& settings) {
  std::string text;
  const auto add = [&](const std::string& part) {
    if (!part.empty()) text += (text.empty() ? "" : "; ") + part;
  };
  add(llm_qat_text(part_of(settings, "llm_qat")));
  add(training_text(part_of(settings, "training")));
  add(algorithm1_text(part_of(settings, "algorithm1")));
  add(adapters_text(part_of(settings, "adapters")));
  add(spinquant_text(part_of(settings, "spinquant")));
  const std::string gptq = gptq_text(part_of(settings, "gptq"));
  add(gptq.empty() || text.empty() ? gptq : "GPTQ with " + gptq);
  return text;
}

std::string quantizer_text(const json& q) {
  return text_at(q, "symmetry") + ", range " + text_at(q, "range") + ", c = " + text_at(q, "clip");
}

std::string quantizers_text(const json& q) {
  if (!q.is_object()) return "";
  const std::string weight = quantizer_text(part_of(q, "weight"));
  const std::string activation = quantizer_text(part_of(q, "activation"));
  const std::string cache = quantizer_text(part_of(q, "kv"));
  if (weight == activation && weight == cache) return weight;
  return "weights " + weight + "; activations " + activation + "; cache " + cache;
}

std::string evaluation_text(const json& settings) {
  if (text_at(settings, "max_new_tokens").empty()) return "";
  return "greedy, up to " + text_at(settings, "max_new_tokens") + " tokens, batches of " +
         text_at(settings, "batch_size") +
         (text_at(settings, "rouge_stemmer").empty() ? "" : ", ROUGE of stems");
}

// A text and the cells that it is about.
struct Line {
  std::string name, text, cells;
};

void add_line(const std::string& name, const std::string& text, const Cell& cell,
              std::vector<Line>& lines) {
  if (text.empty()) return;
  const std::string place =
      cell.model + " " + setting_name(cell.quant) + " seed " + std::to_string(cell.seed);
  const auto same = std::ranges::find_if(
      lines, [&](const Line& line) { return line.name == name && line.text == text; });
  if (same == lines.end()) {
    lines.push_back({name, text, place});
  } else {
    same->cells += ", " + place;
  }
}

}  // namespace

std::vector<NamedText> method_settings(const std::vector<CellResult>& results) {
  std::vector<Line> lines, common;
  for (const CellResult& r : results) {
    add_line(method_label(r.cell), method_text(r.settings), r.cell, lines);
    if (facts_of(r.cell.method).precision == Precision::kQuantized)
      add_line("quantizers", quantizers_text(part_of(r.settings, "quantization")), r.cell, common);
    add_line("evaluation", evaluation_text(r.settings), r.cell, common);
  }
  lines.insert(lines.end(), common.begin(), common.end());
  std::vector<NamedText> named;
  for (const Line& line : lines) {
    const bool alone = std::ranges::count(lines, line.name, &Line::name) == 1;
    named.push_back({alone ? line.name : line.name + " (" + line.cells + ")", line.text});
  }
  return named;
}

}  // namespace trainer
