#include "reference_trainer/commands/options.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <set>
#include <thread>
#include <utility>

#include "reference_trainer/base/error.h"
#include "reference_trainer/commands/options_app.h"
#include "reference_trainer/commands/presets.h"
#include "reference_trainer/commands/recipe.h"
#include "reference_trainer/ops/quant_names.h"

namespace trainer {
namespace {

using Table = std::span<const FlagRow>;

bool knows(Command command, const std::string& name, Table table) {
  return std::any_of(table.begin(), table.end(), [&](const FlagRow& row) {
    return row.flag.name == name && row.commands.contains(command);
  });
}

// Adds what the recipe says to what the command line left unsaid.
void merge_recipe(Command command, Table table, GivenFlags& given) {
  const auto recipe = given.extract("recipe");
  if (recipe.empty()) return;
  const std::string& file = recipe.mapped().text;
  std::set<std::string> seen;
  for (const RecipeEntry& entry : read_recipe(file)) {
    const std::string where = file + ":" + std::to_string(entry.line);
    if (!knows(command, entry.key, table)) throw_unknown_flag(entry.key, where, command, table);
    if (!seen.insert(entry.key).second) {
      throw_usage({"CL-04", where, "'" + entry.key + "' again", "every key at most once", ""});
    }
    given.insert({entry.key, {entry.value, where + " (" + entry.key + ")"}});
  }
}

// Adds what the preset says to what recipe and command line left unsaid.
void merge_preset(Command command, Table table, GivenFlags& given) {
  const auto preset = given.find("preset");
  if (preset == given.end()) return;
  const auto word = static_cast<Preset>(parse_word(preset->second, words_of<Preset>()));
  for (const PresetValue& value : values_of(word)) {
    if (knows(command, value.flag, table))
      given.insert({value.flag, {value.value, preset->second.where + " (" + value.flag + ")"}});
  }
}

bool is_given(const std::string& name, const GivenFlags& given) {
  const auto found = given.find(name);
  return found != given.end() && !found->second.text.empty();
}

// Commands that know --calibration_dataset read nothing else of the data.
void check_required(Command command, Table table, const GivenFlags& given) {
  for (const FlagRow& row : table) {
    if (!row.required.contains(command)) continue;
    if (is_given(row.flag.name, given)) continue;
    if (row.flag.name == "dataset" && is_given("calibration_dataset", given)) continue;
    throw_usage({"CL-09", std::string(name_of(command)), "no --" + row.flag.name,
                 row.flag.value_name, row.flag.help});
  }
}

[[noreturn]] void throw_contradiction(const FlagValue& value, const std::string& got,
                                      const FlagValue& other) {
  throw_usage(
      {"CL-04", value.where, got, "one of the two", "the other one comes from " + other.where});
}

// Eq. (2) is symmetric about 0: it has no range to choose.
void check_range_is_used(const GivenFlags& given) {
  const auto range = given.find("quant_range");
  if (range == given.end() || range->second.text == name_of(Range::kZeroIncluded)) return;
  for (const char* key : {"w_symmetry", "a_symmetry", "kv_symmetry"}) {
    const auto symmetry = given.find(key);
    if (symmetry == given.end() || symmetry->second.text != name_of(Symmetry::kSymmetric)) continue;
    throw_contradiction(range->second,
                        "'" + range->second.text + "' beside " + key + " 'symmetric'",
                        symmetry->second);
  }
}

// LLM-QAT learns from texts that the model makes up, all of one length.
void check_batching(const CommandLine& line, const GivenFlags& given) {
  if (line.command != Command::kTrain || line.train.method != TrainMethod::kLlmQat) return;
  for (const char* key : {"packing", "group_by_length", "dataset_cache"}) {
    const auto flag = given.find(key);
    if (flag == given.end()) continue;
    throw_usage({"CL-04", flag->second.where, "'" + std::string(key) + "' beside method 'llm_qat'",
                 "one of the two", "it trains on texts that the model makes up"});
  }
}

void check_contradictions(const GivenFlags& given) {
  constexpr std::pair<const char*, const char*> kExclusive[] = {{"packing", "group_by_length"},
                                                                {"settings", "w_bits"},
                                                                {"settings", "a_bits"},
                                                                {"settings", "kv_bits"},
                                                                {"eval_dataset", "eval_fraction"}};
  for (const auto& [a, b] : kExclusive) {
    const auto first = given.find(a), second = given.find(b);
    if (first == given.end() || second == given.end()) continue;
    throw_contradiction(second->second, "'" + std::string(b) + "' beside '" + a + "'",
                        first->second);
  }
  check_range_is_used(given);
}

void check_divides(const char* part, std::int64_t divisor, const char* whole, std::int64_t of) {
  if (of % divisor == 0) return;
  throw_usage({"CL-03", std::string("--") + part, std::to_string(divisor),
               "a divisor of " + std::string(whole) + " " + std::to_string(of), ""});
}

void check_key_value_heads(const PretrainOptions& base) {
  const std::int64_t heads = base.num_attention_heads, kv_heads = base.num_key_value_heads;
  if (kv_heads == -1) return;
  check_divides("num_key_value_heads", kv_heads, "--num_attention_heads", heads);
  if (kv_heads == heads || base.architecture == BaseArchitecture::kLlama) return;
  throw_usage({"CL-03", "--num_key_value_heads", std::to_string(kv_heads),
               "--num_attention_heads " + std::to_string(heads) + ": GPT-NeoX shares no keys",
               "--architecture llama does"});
}

// Key/value heads must divide the heads, and the heads the width into pairs of channels that RoPE
// turns; fields alone cannot say so.
void check_base_model(const PretrainOptions& base) {
  check_divides("num_attention_heads", base.num_attention_heads, "--hidden_size", base.hidden_size);
  check_key_value_heads(base);
  const std::int64_t head_dim = base.hidden_size / base.num_attention_heads;
  if (head_dim % 2 == 0) return;
  throw_usage({"CL-03", "--num_attention_heads", std::to_string(base.num_attention_heads),
               "an even head size, --hidden_size " + std::to_string(base.hidden_size) +
                   " / --num_attention_heads",
               "it is " + std::to_string(head_dim)});
}

std::int64_t all_cores() { return std::max<std::int64_t>(1, std::thread::hardware_concurrency()); }

CommandLine assign_flags(Command command, Table table, const GivenFlags& given) {
  CommandLine line = defaults_of(command);
  for (const FlagRow& row : table) {
    const auto found = given.find(row.flag.name);
    if (row.commands.contains(command) && found != given.end())
      row.flag.assign(found->second, line);
  }
  if (line.threads == 0) line.threads = all_cores();
  if (line.settings.empty()) line.settings = {line.quant};
  return line;
}

std::string joined_arguments(int argc, const char* const* argv) {
  std::string text = "reference_trainer";
  for (int i = 1; i < argc; ++i) text.append(" ").append(argv[i]);
  return text;
}

}  // namespace

CommandLine parse_command_line(int argc, const char* const* argv) {
  const std::vector<FlagRow> table = make_flag_table();
  SplitArguments split = split_arguments(argc, argv, table);
  if (split.command == Command::kHelp || split.command == Command::kNone) {
    CommandLine line;
    line.command = split.command;
    line.text = std::move(split.text);
    return line;
  }
  merge_recipe(split.command, table, split.given);
  merge_preset(split.command, table, split.given);
  check_contradictions(split.given);
  CommandLine line = assign_flags(split.command, table, split.given);
  line.typed = joined_arguments(argc, argv);
  check_required(split.command, table, split.given);
  check_batching(line, split.given);
  check_base_model(line.pretrain);
  return line;
}

int show_text(const CommandLine& line) {
  const bool asked_for = line.command == Command::kHelp;
  std::FILE* const stream = asked_for ? stdout : stderr;
  const bool written = std::fputs(line.text.c_str(), stream) >= 0 && std::fflush(stream) == 0;
  if (!asked_for) return static_cast<int>(ExitCode::kUsage);
  return static_cast<int>(written ? ExitCode::kOk : ExitCode::kIo);
}

}  // namespace trainer
