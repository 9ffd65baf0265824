// What the files of the flag table share: which commands there are, bounds, and rows under a
// heading.
#pragma once

#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "reference_trainer/commands/options_makers.h"

namespace trainer {

namespace option_rows {

using enum Command;

inline constexpr std::int64_t kMany =
    1'000'000'000'000;  // more of anything than a run will ever count
inline constexpr std::int64_t kMostSeed = std::numeric_limits<std::int64_t>::max();
// The signs of a model's many rotations are streams of (rotation_seed << 22) + site.
inline constexpr std::int64_t kMostRotationSeed = (std::int64_t{1} << 42) - 1;
inline constexpr std::int64_t kWidest = 1 << 20;  // channels
inline constexpr std::int64_t kMostThreads = 1024;

inline constexpr CommandSet kAll = {kPretrain, kConvert, kRotate,    kMeasure, kSearch,
                                    kTrain,    kMerge,   kQuantize,  kEval,    kGenerate,
                                    kRun,      kSweep,   kReproduce, kReport,  kExport};
inline constexpr CommandSet kReadsModel =
    kAll.without(kPretrain).without(kReproduce).without(kReport);
inline constexpr CommandSet kWritesModel = {kPretrain, kConvert, kRotate, kTrain,     kMerge,
                                            kQuantize, kRun,     kSweep,  kReproduce, kExport};
inline constexpr CommandSet kStudies = {kRun, kSweep, kReproduce};
inline constexpr CommandSet kCalibrates = {kMeasure, kSearch, kTrain,    kQuantize,
                                           kRun,     kSweep,  kReproduce};
inline constexpr CommandSet kQuantizes = {kMeasure,  kSearch, kTrain, kMerge,
                                          kQuantize, kRun,    kSweep, kReproduce};
inline constexpr CommandSet kRotates = {kRotate, kTrain, kQuantize};
inline constexpr CommandSet kNeedsData = {kMeasure, kSearch, kTrain, kEval, kRun, kSweep};
inline constexpr CommandSet kReadsData = {kMeasure, kSearch, kTrain, kQuantize,
                                          kEval,    kRun,    kSweep};
inline constexpr CommandSet kEvaluates = {kTrain, kEval, kRun, kSweep, kReproduce};
inline constexpr CommandSet kTrains = {kPretrain, kTrain, kRun, kSweep, kReproduce};
inline constexpr CommandSet kTunes = {kTrain, kRun, kSweep, kReproduce};
inline constexpr CommandSet kSplits = {kTrain, kRun, kSweep};

// Rows of one heading.
class Group {
 public:
  Group(std::string title, std::vector<FlagRow>& rows) : title_(std::move(title)), rows_(rows) {}
  void add(CommandSet commands, Flag flag) {
    rows_.push_back({title_, commands, {}, std::move(flag)});
  }
  void add_required(CommandSet commands, CommandSet required, Flag flag) {
    rows_.push_back({title_, commands, required, std::move(flag)});
  }

 private:
  std::string title_;
  std::vector<FlagRow>& rows_;
};

}  // namespace option_rows

// The built-in task, and the base model that `pretrain` makes.
void add_pretrain_flags(std::vector<FlagRow>& rows);
// Quantizers and rotations.
void add_quantization_flags(std::vector<FlagRow>& rows);
// Schedule and optimizer.
void add_training_flags(std::vector<FlagRow>& rows);
// Logs and checkpoints.
void add_saving_flags(std::vector<FlagRow>& rows);
// Flags of the methods: search, GPTQ, SpinQuant, LLM-QAT, adapters.
void add_method_flags(std::vector<FlagRow>& rows);
// Flags of the commands that stream a model from files to files.
void add_stream_flags(std::vector<FlagRow>& rows);
// Chat templates, packing, caches.
void add_data_flags(std::vector<FlagRow>& rows);
// Flags that trade memory for time.
void add_memory_flags(std::vector<FlagRow>& rows);
// Flags of models whose weights are codes.
void add_code_flags(std::vector<FlagRow>& rows);
// Flags of export.
void add_export_flags(std::vector<FlagRow>& rows);
// Flags of convert.
void add_convert_flags(std::vector<FlagRow>& rows);
// Flags of run, sweep and reproduce.
void add_study_flags(std::vector<FlagRow>& rows);

}  // namespace trainer
