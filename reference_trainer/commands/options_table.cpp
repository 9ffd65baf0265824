// The table of all flags, in the order in which --help shows them.
#include "reference_trainer/commands/options_rows.h"

namespace trainer {
namespace {

using namespace option_rows;
using Cmd = CommandLine;
using Train = TrainOptions;
using Pre = PretrainOptions;

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

void add_task(std::vector<FlagRow>& rows) {
  Group group("Built-in task", rows);
  constexpr CommandSet kMakesTask = {kPretrain, kReproduce};
  const auto size_flag = [&](FlagText text, auto member, CommandSet who) {
    group.add(who, integer_flag(text, {1, kMany}, at(&Cmd::pretrain, &Pre::sizes, member)));
  };
  size_flag({"pretraining_documents", "documents the base model is trained on"},
            &BuiltinTaskSizes::pretraining, kMakesTask);
  size_flag({"train_samples", "posts with a summary in data/train.jsonl"}, &BuiltinTaskSizes::train,
            kMakesTask);
  size_flag({"calibration_samples", "posts in data/calibration.jsonl"},
            &BuiltinTaskSizes::calibration, {kPretrain});
  size_flag({"validation_samples", "posts in data/validation.jsonl"}, &BuiltinTaskSizes::validation,
            kMakesTask);
  size_flag({"test_samples", "posts in data/test.jsonl"}, &BuiltinTaskSizes::test, kMakesTask);
}

void add_base_model(std::vector<FlagRow>& rows) {
  Group group("Base model", rows);
  const auto shape_flag = [&](FlagText text, IntegerRange range, auto member) {
    group.add({kPretrain}, integer_flag(text, range, at(&Cmd::pretrain, member)));
  };
  const auto power_flag = [&](FlagText text, RealRange range, auto member) {
    group.add({kPretrain}, power_of_two_flag(text, range, at(&Cmd::pretrain, member)));
  };
  group.add({kPretrain}, word_flag({"architecture", "GPT-NeoX as Pythia is, or Llama"},
                                   at(&Cmd::pretrain, &Pre::architecture)));
  shape_flag({"hidden_size", "width d of the residual stream"}, {8, kWidest}, &Pre::hidden_size);
  shape_flag({"intermediate_size", "width of the MLP; -1: 512, or 384 for llama"},
             {8, kWidest, SpecialInteger{-1, "as the architecture has it"}},
             &Pre::intermediate_size);
  shape_flag({"num_hidden_layers", "transformer blocks"}, {1, 1000}, &Pre::num_hidden_layers);
  shape_flag({"num_attention_heads", "query heads; hidden_size / heads must be even"}, {1, 1000},
             &Pre::num_attention_heads);
  shape_flag({"num_key_value_heads", "llama: divides num_attention_heads; -1: all"},
             {1, 1000, SpecialInteger{-1, "as many as query heads"}}, &Pre::num_key_value_heads);
  group.add({kPretrain}, real_flag({"rope_theta", "base of the rotary position embedding"},
                                   {1, 1e9, {}, {}, "1e5"}, at(&Cmd::pretrain, &Pre::rope_theta)));
  group.add({kPretrain},
            real_flag({"massive_scale", "massive residual channels; -1: 10, or 5 for llama"},
                      {0, 1000, {}, {}, "10", SpecialInteger{-1, "as the architecture has it"}},
                      at(&Cmd::pretrain, &Pre::massive_scale)));
  power_flag({"key_scale", "power of two moved from queries to keys"}, {1, 1024, {}, {}, "8"},
             &Pre::key_scale);
  power_flag({"up_scale", "power of two moved from down to up; llama only"},
             {1, 1024, {}, {}, "16"}, &Pre::up_scale);
}

void add_quantizer(const std::string& prefix, const std::string& what,
                   QuantizerSettings QuantConfig::*which, Group& group) {
  const auto field = [which](auto member) { return at(&Cmd::quant, which, member); };
  group.add(kQuantizes.without(kReproduce),
            bits_flag({prefix + "_bits", "bits of " + what + ": 2-8, or 16 for none"},
                      field(&QuantizerSettings::bits)));
  group.add(kQuantizes, word_flag({prefix + "_symmetry", "eq. (4) with zero point, or eq. (2)"},
                                  field(&QuantizerSettings::symmetry)));
  group.add(kQuantizes, real_flag({prefix + "_clip_ratio", "clipping factor c"},
                                  {0, 1, Bound::kExcluded, Bound::kIncluded, "0.95"},
                                  field(&QuantizerSettings::clip)));
}

// One flag for the three quantizers.
Flag range_flag() {
  Flag flag = word_flag({"quant_range", "range widened to 0, tight, or as printed in eq. (4)"},
                        at(&Cmd::quant, &QuantConfig::weight, &QuantizerSettings::range));
  const auto assign_weight = flag.assign;
  flag.assign = [assign_weight](const FlagValue& value, CommandLine& line) {
    assign_weight(value, line);
    line.quant.activation.range = line.quant.kv.range = line.quant.weight.range;
  };
  return flag;
}

// Reads quant, so its row follows the quantizers'.
Flag settings_flag() {
  return {
      "settings",
      "LIST",
      "bit settings to compare, e.g. W4A4KV4,W3A3KV3",
      FlagKind::kValue,
      [](const FlagValue& value, CommandLine& line) {
        line.settings = parse_settings(value, line.quant);
      },
      [](const CommandLine&) { return std::string("the one of --w_bits, --a_bits, --kv_bits"); }};
}

void add_quantization(std::vector<FlagRow>& rows) {
  Group group("Quantization", rows);
  group.add({kQuantize},
            word_flag({"method", "how weights are rounded"}, at(&Cmd::quantize_method)));
  add_quantizer("w", "weights", &QuantConfig::weight, group);
  add_quantizer("a", "activations", &QuantConfig::activation, group);
  add_quantizer("kv", "the key/value cache", &QuantConfig::kv, group);
  group.add(kQuantizes, range_flag());
  group.add({kRun, kSweep}, settings_flag());
}

// Digits are checked at once; a path is opened by the command that reads it.
Flag rotations_flag() {
  return {"rotations",
          "R1R2R3R4|FILE",
          "four 0/1 digits, or a result of search",
          FlagKind::kValue,
          [](const FlagValue& value, CommandLine& line) {
            check_rotations(value);
            line.rotation.rotations = value.text;
          },
          [](const CommandLine& line) {
            return line.rotation.rotations.empty()
                       ? std::string("roste searches, rolora: 1001, others: 0000")
                       : line.rotation.rotations;
          }};
}

void add_rotation(std::vector<FlagRow>& rows) {
  Group group("Rotation", rows);
  group.add(kRotates, rotations_flag());
  group.add({kRotate}, word_flag({"rotate_mode", "R1: random Hadamard, or random orthogonal"},
                                 at(&Cmd::rotation, &RotationOptions::rotate_mode)));
  group.add(
      {kRotate, kMeasure, kSearch, kTrain, kQuantize, kRun, kSweep, kReproduce},
      integer_flag({"rotation_seed", "of the random signs of eq. (19)"}, {0, kMostRotationSeed},
                   at(&Cmd::rotation, &RotationOptions::rotation_seed)));
  group.add(kCalibrates,
            integer_flag({"calibration_samples", "samples of eq. (12) and of GPTQ's Hessians"},
                         {1, kMany}, at(&Cmd::rotation, &RotationOptions::calibration_samples)));
}

void add_schedule(std::vector<FlagRow>& rows) {
  Group group("Training", rows);
  const auto count_flag = [&](CommandSet who, FlagText text, IntegerRange range, auto member) {
    group.add(who, integer_flag(text, range, at(&Cmd::train, member)));
  };
  group.add({kTrain}, word_flag({"method", "what is trained, and how; docs/methods.md"},
                                at(&Cmd::train, &Train::method)));
  count_flag(kTrains, {"per_device_train_batch_size", "sequences of a forward pass"}, {1, kWidest},
             &Train::per_device_train_batch_size);
  count_flag(kTunes, {"gradient_accumulation_steps", "forward passes of an optimizer step"},
             {1, kWidest}, &Train::gradient_accumulation_steps);
  count_flag({kPretrain}, {"max_steps", "optimizer steps"}, {1, kMany}, &Train::max_steps);
  count_flag(kTunes, {"max_steps", "optimizer steps; -1: num_train_epochs decides"},
             {1, kMany, SpecialInteger{-1, "as num_train_epochs says"}}, &Train::max_steps);
  group.add(kTunes, real_flag({"num_train_epochs", "passes over the data if max_steps is -1"},
                              {0, 1e6, Bound::kExcluded, {}, "1"},
                              at(&Cmd::train, &Train::num_train_epochs)));
  count_flag({kPretrain}, {"seed", "posts, initial weights, order of the data"}, {0, kMostSeed},
             &Train::seed);
  count_flag(kTunes, {"seed", "order of the data, held-out and calibration samples"},
             {0, kMostSeed}, &Train::seed);
  count_flag({kMeasure, kSearch, kQuantize}, {"seed", "which samples are drawn"}, {0, kMostSeed},
             &Train::seed);
  count_flag({kEval}, {"seed", "of the bootstrap's resamples"}, {0, kMostSeed}, &Train::seed);
}

void add_optimizer(std::vector<FlagRow>& rows) {
  Group group("Optimizer", rows);
  const auto real = [&](FlagText text, RealRange range, auto member) {
    group.add(kTrains, real_flag(text, range, at(&Cmd::train, member)));
  };
  const auto rate_flag = [&](CommandSet who, const char* help, RealRange range) {
    group.add(who,
              real_flag({"learning_rate", help}, range, at(&Cmd::train, &Train::learning_rate)));
  };
  rate_flag(kTunes, "peak of the schedule", {0, 1, Bound::kExcluded, {}, "3e-5"});
  rate_flag({kPretrain}, "peak of the schedule; -1: 3e-3, or 2e-3 for llama",
            {0, 1, Bound::kExcluded, {}, "3e-3", SpecialInteger{-1, "as the architecture has it"}});
  group.add(kTrains, word_flag({"lr_scheduler_type", "shape after warm-up"},
                               at(&Cmd::train, &Train::lr_scheduler_type)));
  real({"warmup_ratio", "share of the steps with a rising rate"}, {0, 1, {}, {}, "0.03"},
       &Train::warmup_ratio);
  real({"weight_decay", "decoupled, of matrices"}, {0, 1, {}, {}, "0.01"}, &Train::weight_decay);
  real({"adam_beta1", "decay of the first moment"}, {0, 1, {}, Bound::kExcluded, "0.9"},
       &Train::adam_beta1);
  real({"adam_beta2", "decay of the second moment"}, {0, 1, {}, Bound::kExcluded, "0.999"},
       &Train::adam_beta2);
  real({"adam_epsilon", "added to the root of the second moment"},
       {0, 1, Bound::kExcluded, {}, "1e-8"}, &Train::adam_epsilon);
  real({"max_grad_norm", "gradients are scaled down to it; 0: never"}, {0, 1e9, {}, {}, "1"},
       &Train::max_grad_norm);
}

void add_saving(std::vector<FlagRow>& rows) {
  Group group("Logging and checkpoints", rows);
  const auto count = [&](CommandSet who, FlagText text, std::int64_t low, auto member) {
    group.add(who, integer_flag(text, {low, kWidest}, at(&Cmd::train, member)));
  };
  count(kTrains, {"logging_steps", "steps between lines of log.jsonl"}, 1, &Train::logging_steps);
  group.add(kTrains, switch_flag({"tensorboard", "event files beside log.jsonl"},
                                 EventFiles::kTensorBoard, at(&Cmd::train, &Train::events)));
  count({kTrain}, {"save_steps", "steps between checkpoints; 0: none"}, 0, &Train::save_steps);
  count({kTrain}, {"save_total_limit", "checkpoints that are kept"}, 1, &Train::save_total_limit);
  group.add({kTrain}, switch_flag({"resume", "continue from the newest valid checkpoint"},
                                  StartFrom::kCheckpoint, at(&Cmd::train, &Train::start)));
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
  add_task(rows);
  add_base_model(rows);
  add_convert_flags(rows);
  add_quantization(rows);
  add_rotation(rows);
  add_method_flags(rows);
  add_study_flags(rows);
  add_schedule(rows);
  add_optimizer(rows);
  add_memory_flags(rows);
  add_saving(rows);
  add_stream_flags(rows);
  add_generation(rows);
  add_code_flags(rows);
  add_export_flags(rows);
  add_common(rows);
  return rows;
}

}  // namespace trainer
