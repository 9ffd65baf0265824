// Flags of schedule, optimizer, logs and checkpoints.
#include "reference_trainer/commands/options_rows.h"

namespace trainer {
namespace {

using namespace option_rows;
using Cmd = CommandLine;
using Train = TrainOptions;

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

}  // namespace

void add_training_flags(std::vector<FlagRow>& rows) {
  add_schedule(rows);
  add_optimizer(rows);
}

void add_saving_flags(std::vector<FlagRow>& rows) {
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

}  // namespace trainer
