// The table of all flags, in the order in which --help shows them.
#include "reference_trainer/commands/options_rows.h"

namespace trainer {
namespace {

using namespace option_rows;
using Cmd = CommandLine;

void add_model_and_data(std::vector<FlagRow>& rows) {
  Group group("Model and data", rows);
  group.add_required(kReadsModel, kReadsModel,
                     text_flag({"model_name_or_path", "Hugging Face model directory to start from"},
                               "DIR", at(&Cmd::model, &ModelOptions::model_name_or_path)));
  group.add_required({kMerge}, {kMerge},
                     text_flag({"adapters", "directory that train --method lora or rolora saved"},
                               "DIR", at(&Cmd::model, &ModelOptions::adapters)));
  group.add_required(kReadsData, kNeedsData,
                     text_flag({"dataset", "JSONL: prompt/completion, messages, text, ..."}, "FILE",
                               at(&Cmd::data, &DataOptions::dataset)));
  group.add({kMeasure, kSearch, kQuantize},
            text_flag({"calibration_dataset", "JSONL to calibrate on, in place of --dataset"},
                      "FILE", at(&Cmd::data, &DataOptions::calibration_dataset)));
  group.add(kSplits, text_flag({"eval_dataset", "JSONL to evaluate on afterwards"}, "FILE",
                               at(&Cmd::data, &DataOptions::eval_dataset)));
  group.add({kRun, kSweep}, text_flag({"validation_dataset", "JSONL on which settings are chosen"},
                                      "FILE", at(&Cmd::data, &DataOptions::validation_dataset)));
  group.add(kSplits, real_flag({"eval_fraction", "held out of --dataset if no --eval_dataset"},
                               {0, 0.5, Bound::kExcluded, Bound::kIncluded, "0.05"},
                               at(&Cmd::data, &DataOptions::eval_fraction)));
  group.add(
      {kPretrain, kMeasure, kSearch, kTrain, kQuantize, kEval, kRun, kSweep, kReproduce},
      integer_flag({"max_length", "tokens of a sample; prompts lose their start"}, {2, kWidest},
                   at(&Cmd::data, &DataOptions::reading, &SftOptions::max_length)));
  group.add(kReadsData,
            integer_flag({"max_samples", "samples read of each file; -1: all"},
                         {1, kMany, SpecialInteger{-1, "all"}},
                         at(&Cmd::data, &DataOptions::reading, &SftOptions::max_samples)));
  group.add(kTunes, word_flag({"loss_on", "tokens that are learned"},
                              at(&Cmd::data, &DataOptions::reading, &SftOptions::loss_on)));
  group.add_required(kAll.without(kEval).without(kGenerate).without(kReport), kWritesModel,
                     text_flag({"output_dir", "directory to create; must be new or empty"}, "DIR",
                               at(&Cmd::output_dir)));
}

void add_generation(std::vector<FlagRow>& rows) {
  Group group("Evaluation and generation", rows);
  group.add({kGenerate}, text_flag({"prompt", "text to continue; none: begin a text"}, "TEXT",
                                   at(&Cmd::generation, &GenerationOptions::prompt)));
  group.add({kTrain, kEval, kGenerate, kRun, kSweep, kReproduce},
            integer_flag({"max_new_tokens", "longest continuation in tokens"}, {1, kWidest},
                         at(&Cmd::generation, &GenerationOptions::max_new_tokens)));
  group.add(kEvaluates, integer_flag({"batch_size", "sequences evaluated together"}, {1, kWidest},
                                     at(&Cmd::generation, &GenerationOptions::batch_size)));
  group.add(kEvaluates.without(kTrain),
            word_flag({"rouge_stemmer", "of the words that ROUGE compares"},
                      at(&Cmd::generation, &GenerationOptions::rouge_stemmer)));
  group.add(
      {kEval},
      integer_flag({"bootstrap_samples", "resamples of ROUGE's 95 % intervals; 0: none"},
                   {0, kWidest}, at(&Cmd::generation, &GenerationOptions::bootstrap_samples)));
}

void add_common(std::vector<FlagRow>& rows) {
  Group group("Every command", rows);
  Flag threads = integer_flag({"threads", "results do not depend on it"}, {1, kMostThreads},
                              at(&Cmd::threads));
  threads.shown = [](const CommandLine&) { return std::string("all cores"); };
  group.add(kAll, std::move(threads));
  group.add(kAll, switch_flag({"quiet", "no progress on stderr"}, Verbosity::kQuiet,
                              at(&Cmd::verbosity)));
  group.add(
      kAll.without(kPretrain).without(kGenerate),
      switch_flag({"json", "results on stdout as JSON"}, ResultFormat::kJson, at(&Cmd::format)));
  group.add({kSearch, kTrain, kEval},
            word_flag({"preset", "values of flags that are not given; docs/methods.md"},
                      at(&Cmd::preset)));
  group.add(kReadsModel, switch_flag({"allow_nonfinite", "load weights with NaN or infinity"},
                                     NonFinite::kAllow, at(&Cmd::model, &ModelOptions::nonfinite)));
}

}  // namespace

std::vector<FlagRow> make_flag_table() {
  std::vector<FlagRow> rows;
  add_model_and_data(rows);
  add_data_flags(rows);
  add_pretrain_flags(rows);
  add_convert_flags(rows);
  add_quantization_flags(rows);
  add_method_flags(rows);
  add_study_flags(rows);
  add_training_flags(rows);
  add_memory_flags(rows);
  add_saving_flags(rows);
  add_stream_flags(rows);
  add_generation(rows);
  add_code_flags(rows);
  add_export_flags(rows);
  add_common(rows);
  return rows;
}

}  // namespace trainer
