#include "reference_trainer/commands/options_names.h"

#include <algorithm>
#include <array>
#include <stdexcept>

#include "reference_trainer/ops/quant_names.h"
#include "reference_trainer/study/cells.h"

namespace trainer {
namespace {

using std::string_view;

constexpr std::array<string_view, 15> kCommands = {
    "pretrain", "convert",  "rotate", "measure", "search",    "train",  "merge", "quantize",
    "eval",     "generate", "run",    "sweep",   "reproduce", "report", "export"};
constexpr std::array<string_view, 6> kTrainMethods = {"sft",     "ste",  "roste",
                                                      "llm_qat", "lora", "rolora"};
constexpr std::array<string_view, 2> kAdapterBases = {"full_precision", "quantized"};
constexpr std::array<string_view, 2> kBaseArchitectures = {"pythia", "llama"};
constexpr std::array<string_view, 4> kQuantizeMethods = {"rtn", "gptq", "spinquant", "trained"};
constexpr std::array<string_view, 2> kConvertForms = {"folded", "split"};
constexpr std::array<string_view, 2> kRotateModes = {"hadamard", "random"};
constexpr std::array<string_view, 4> kSaveDTypes = {"source", "float32", "bfloat16", "float16"};
constexpr std::array<string_view, 2> kTrainBases = {"master", "merged"};
constexpr std::array<string_view, 2> kTrainNorms = {"frozen", "trained"};
constexpr std::array<string_view, 2> kColumnOrders = {"natural", "act_order"};
constexpr std::array<string_view, 2> kWeightClips = {"none", "mse"};
constexpr std::array<string_view, 2> kHessianInputs = {"multiplied", "unquantized"};
constexpr std::array<string_view, 2> kLearningWeights = {"quantized", "full_precision"};
constexpr std::array<string_view, 2> kStemmings = {"none", "porter"};
constexpr std::array<string_view, 2> kWeightsFormats = {"codes", "values"};
constexpr std::array<string_view, 3> kEngines = {"auto", "int", "float"};
constexpr std::array<string_view, 3> kExportFormats = {"hf", "compressed-tensors", "gguf"};
constexpr std::array<string_view, 3> kSaveDtypes = {"float32", "bfloat16", "float16"};
constexpr std::array<string_view, 4> kGgufTypes = {"f32", "f16", "q8_0", "q4_1"};
constexpr std::array<string_view, 2> kExportedWeights = {"master", "quantized"};
constexpr std::array<string_view, 2> kExportedActivations = {"carried", "left_out"};
constexpr std::array<string_view, 2> kLossOn = {"completion", "all"};

constexpr std::array<string_view, 2> kSearchQuantizers = {"training", "symmetric"};
constexpr std::array<string_view, 2> kCalibrationOrders = {"drawn", "first"};
constexpr std::array<string_view, 2> kPresets = {"none", "reference-code"};

// The words of transformers, and one of our own.
constexpr std::array<string_view, 3> kKeeps = {"false", "codes", "true"};
constexpr std::array<string_view, 2> kOptimizers = {"adamw_torch", "adamw_8bit"};

template <class Enum>
string_view word_of(Enum value) {
  return words_of<Enum>()[static_cast<std::size_t>(value)];
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
std::span<const string_view> words_of<AdapterBase>() {
  return kAdapterBases;
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

template <>
std::span<const string_view> words_of<SearchMode>() {
  return kSearchModeNames;
}
template <>
std::span<const string_view> words_of<ErrorScale>() {
  return kErrorScaleNames;
}
template <>
std::span<const string_view> words_of<OnlineSigns>() {
  return kOnlineSignsNames;
}
template <>
std::span<const string_view> words_of<MomentPolicy>() {
  return kMomentPolicyNames;
}
template <>
std::span<const string_view> words_of<ConvertForm>() {
  return kConvertForms;
}
template <>
std::span<const string_view> words_of<RotateMode>() {
  return kRotateModes;
}
template <>
std::span<const string_view> words_of<SaveDType>() {
  return kSaveDTypes;
}
template <>
std::span<const string_view> words_of<TrainBasis>() {
  return kTrainBases;
}
template <>
std::span<const string_view> words_of<TrainNorms>() {
  return kTrainNorms;
}
template <>
std::span<const string_view> words_of<ColumnOrder>() {
  return kColumnOrders;
}
template <>
std::span<const string_view> words_of<WeightClip>() {
  return kWeightClips;
}
template <>
std::span<const string_view> words_of<HessianInputs>() {
  return kHessianInputs;
}
template <>
std::span<const string_view> words_of<LearningWeights>() {
  return kLearningWeights;
}
template <>
std::span<const string_view> words_of<Keep>() {
  return kKeeps;
}
template <>
std::span<const string_view> words_of<MomentBits>() {
  return kOptimizers;
}
template <>
std::span<const string_view> words_of<SearchQuantizers>() {
  return kSearchQuantizers;
}
template <>
std::span<const string_view> words_of<CalibrationOrder>() {
  return kCalibrationOrders;
}
template <>
std::span<const string_view> words_of<Preset>() {
  return kPresets;
}
template <>
std::span<const string_view> words_of<Stemming>() {
  return kStemmings;
}
template <>
std::span<const string_view> words_of<WeightsFormat>() {
  return kWeightsFormats;
}
template <>
std::span<const string_view> words_of<Engine>() {
  return kEngines;
}

template <>
std::span<const string_view> words_of<ExportFormat>() {
  return kExportFormats;
}
template <>
std::span<const string_view> words_of<ExportType>() {
  return kSaveDtypes;
}
template <>
std::span<const string_view> words_of<GgufType>() {
  return kGgufTypes;
}
template <>
std::span<const string_view> words_of<ExportedWeights>() {
  return kExportedWeights;
}
template <>
std::span<const string_view> words_of<ExportedActivations>() {
  return kExportedActivations;
}

string_view name_of(Command command) {
  if (command == Command::kHelp) return "help";
  if (command == Command::kNone) return "none";
  return word_of(command);
}
string_view name_of(TrainMethod method) { return word_of(method); }
string_view name_of(BaseArchitecture architecture) { return word_of(architecture); }
string_view name_of(ConvertForm form) { return word_of(form); }
string_view name_of(QuantizeMethod method) { return word_of(method); }
string_view name_of(LossOn loss_on) { return word_of(loss_on); }
string_view name_of(ExportFormat format) { return word_of(format); }

BaseArchitecture architecture_of(string_view word) {
  const auto words = words_of<BaseArchitecture>();
  const auto found = std::find(words.begin(), words.end(), word);
  if (found == words.end())
    throw std::invalid_argument("'" + std::string(word) + "' is not pythia or llama");
  return static_cast<BaseArchitecture>(found - words.begin());
}

std::string bits_name(const QuantConfig& quant) { return setting_name(quant); }

}  // namespace trainer
