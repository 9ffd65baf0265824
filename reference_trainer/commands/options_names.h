// The words of every enum that a flag can name, indexed by its enumerators (which count from 0).
#pragma once

#include <span>
#include <string_view>

#include "reference_trainer/commands/options.h"

namespace trainer {

template <class Enum>
std::span<const std::string_view> words_of();

template <>
std::span<const std::string_view> words_of<Command>();  // the commands, without kHelp and kNone
template <>
std::span<const std::string_view> words_of<Schedule>();
template <>
std::span<const std::string_view> words_of<TrainMethod>();
template <>
std::span<const std::string_view> words_of<AdapterBase>();
template <>
std::span<const std::string_view> words_of<QuantizeMethod>();
template <>
std::span<const std::string_view> words_of<Symmetry>();
template <>
std::span<const std::string_view> words_of<Range>();
template <>
std::span<const std::string_view> words_of<LossOn>();
template <>
std::span<const std::string_view> words_of<SearchMode>();
template <>
std::span<const std::string_view> words_of<Keep>();
template <>
std::span<const std::string_view> words_of<MomentBits>();
template <>
std::span<const std::string_view> words_of<ParamDType>();
template <>
std::span<const std::string_view> words_of<MasterWeights>();
template <>
std::span<const std::string_view> words_of<EffectiveForm>();
template <>
std::span<const std::string_view> words_of<SearchQuantizers>();
template <>
std::span<const std::string_view> words_of<CalibrationOrder>();
template <>
std::span<const std::string_view> words_of<Preset>();
template <>
std::span<const std::string_view> words_of<ErrorScale>();
template <>
std::span<const std::string_view> words_of<OnlineSigns>();
template <>
std::span<const std::string_view> words_of<MomentPolicy>();
template <>
std::span<const std::string_view> words_of<ConvertForm>();
template <>
std::span<const std::string_view> words_of<RotateMode>();
template <>
std::span<const std::string_view> words_of<SaveDType>();
template <>
std::span<const std::string_view> words_of<TrainBasis>();
template <>
std::span<const std::string_view> words_of<TrainNorms>();
template <>
std::span<const std::string_view> words_of<ColumnOrder>();
template <>
std::span<const std::string_view> words_of<WeightClip>();
template <>
std::span<const std::string_view> words_of<HessianInputs>();
template <>
std::span<const std::string_view> words_of<LearningWeights>();
template <>
std::span<const std::string_view> words_of<Stemming>();
template <>
std::span<const std::string_view> words_of<ChatTemplate>();
template <>
std::span<const std::string_view> words_of<WeightsFormat>();
template <>
std::span<const std::string_view> words_of<Engine>();
template <>
std::span<const std::string_view> words_of<ExportFormat>();
template <>
std::span<const std::string_view> words_of<ExportType>();
template <>
std::span<const std::string_view> words_of<GgufType>();
template <>
std::span<const std::string_view> words_of<ExportedWeights>();
template <>
std::span<const std::string_view> words_of<ExportedActivations>();

}  // namespace trainer
