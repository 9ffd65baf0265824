// Flags that trade memory for time or for digits.
#include "reference_trainer/commands/options_rows.h"

namespace trainer {
namespace {

constexpr std::array<std::string_view, 2> kParamDTypes = {"float32", "bfloat16"};
constexpr std::array<std::string_view, 2> kMasterWeights = {"float32", "none"};
constexpr std::array<std::string_view, 2> kEffectiveForms = {"stored", "codes"};

}  // namespace

template <>
std::span<const std::string_view> words_of<ParamDType>() {
  return kParamDTypes;
}
template <>
std::span<const std::string_view> words_of<MasterWeights>() {
  return kMasterWeights;
}
template <>
std::span<const std::string_view> words_of<EffectiveForm>() {
  return kEffectiveForms;
}

void add_memory_flags(std::vector<FlagRow>& rows) {
  using namespace option_rows;
  Group group("Memory", rows);
  const auto word = [&](FlagText text, auto member) {
    group.add({kTrain}, word_flag(text, at(&CommandLine::train, member)));
  };
  word(
      {"gradient_checkpointing", "activations kept for backward: all, as codes, or computed again"},
      &TrainOptions::gradient_checkpointing);
  word({"effective_weights", "quantized weights kept as values, or as codes until they are read"},
       &TrainOptions::effective_weights);
  word({"optim", "AdamW with moments of 32 or 8 bits"}, &TrainOptions::optim);
  word({"param_dtype", "of the weights that are trained, as the model reads them"},
       &TrainOptions::param_dtype);
  word({"master_weights", "bfloat16: what AdamW updates; none: rounded stochastically"},
       &TrainOptions::master_weights);
}

}  // namespace trainer
