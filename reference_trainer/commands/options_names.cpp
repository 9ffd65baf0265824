#include "reference_trainer/commands/options_names.h"

#include <array>

#include "reference_trainer/ops/quant_names.h"

namespace trainer {
namespace {

using std::string_view;

constexpr std::array<string_view, 9> kCommands = {
    "pretrain", "rotate", "measure", "search", "train", "quantize", "eval", "generate", "run"};
constexpr std::array<string_view, 3> kTrainMethods = {"sft", "ste", "roste"};
constexpr std::array<string_view, 2> kBaseArchitectures = {"pythia", "llama"};
constexpr std::array<string_view, 1> kQuantizeMethods = {"rtn"};
constexpr std::array<string_view, 2> kLossOn = {"completion", "all"};

template <class Enum>
string_view word_of(Enum value) {
  return words_of<Enum>()[static_cast<std::size_t>(value)];
}

std::string letter_bits(const char* letter, const QuantizerSettings& settings) {
  return letter + std::to_string(settings.bits);
}

}  // namespace

template <>
std::span<const string_view> words_of<Command>() {
  return kCommands;
}
template <>
std::span<const string_view> words_of<Schedule>() {
  return kScheduleNames;
}
template <>
std::span<const string_view> words_of<TrainMethod>() {
  return kTrainMethods;
}
template <>
std::span<const string_view> words_of<BaseArchitecture>() {
  return kBaseArchitectures;
}
template <>
std::span<const string_view> words_of<QuantizeMethod>() {
  return kQuantizeMethods;
}
template <>
std::span<const string_view> words_of<Symmetry>() {
  return kSymmetryNames;
}
template <>
std::span<const string_view> words_of<Range>() {
  return kRangeNames;
}
template <>
std::span<const string_view> words_of<LossOn>() {
  return kLossOn;
}

string_view name_of(Command command) {
  if (command == Command::kHelp) return "help";
  if (command == Command::kNone) return "none";
  return word_of(command);
}
string_view name_of(TrainMethod method) { return word_of(method); }
string_view name_of(BaseArchitecture architecture) { return word_of(architecture); }
string_view name_of(QuantizeMethod method) { return word_of(method); }
string_view name_of(LossOn loss_on) { return word_of(loss_on); }

std::string bits_name(const QuantConfig& quant) {
  return letter_bits("W", quant.weight) + letter_bits("A", quant.activation) +
         letter_bits("KV", quant.kv);
}

}  // namespace trainer
