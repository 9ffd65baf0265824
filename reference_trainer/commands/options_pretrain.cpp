// Flags of the built-in task and of the base model that `pretrain` makes.
#include "reference_trainer/commands/options_rows.h"

namespace trainer {
namespace {

using namespace option_rows;
using Cmd = CommandLine;
using Pre = PretrainOptions;

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

}  // namespace

void add_pretrain_flags(std::vector<FlagRow>& rows) {
  add_task(rows);
  add_base_model(rows);
}

}  // namespace trainer
