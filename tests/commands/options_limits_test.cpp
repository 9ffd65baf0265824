// What the computation could not honour is refused before it begins.
#include <gtest/gtest.h>

#include "reference_trainer/commands/commands.h"
#include "tests/commands/parse.h"

namespace trainer {
namespace {

TEST(CommandLine, CL03_BaseModelsHaveEvenHeads) {
  const Words pretrain = {"pretrain", "--output_dir", "base"};
  const auto error = [&](const Words& words) { return parse_error(pretrain + words); };
  EXPECT_EQ(error({"--num_attention_heads", "3"})->parts().code, "CL-03");
  EXPECT_EQ(error({"--num_key_value_heads", "3"})->parts().code, "CL-03");
  const auto odd = error({"--hidden_size", "36", "--num_attention_heads", "4"});
  ASSERT_TRUE(odd);
  EXPECT_STREQ(odd->what(),
               "error: CL-03 --num_attention_heads: got 4, expected an even head size, "
               "--hidden_size 36 / --num_attention_heads; it is 9");
  EXPECT_FALSE(error({"--hidden_size", "40", "--num_attention_heads", "4"}));
}

TEST(CommandLine, CL03_ScalesArePowersOfTwo) {
  for (const std::string flag : {"--key_scale", "--up_scale"}) {
    const auto code = [&](const char* text) {
      return error_code({"pretrain", "--output_dir", "base", flag, text});
    };
    for (const char* text : {"1", "2", "16", "1024", "8.0"}) EXPECT_EQ(code(text), "none") << text;
    for (const char* text : {"3", "0.5", "1.5", "2048", "1000"})
      EXPECT_EQ(code(text), "CL-03") << text;
  }
  const auto error = parse_error({"pretrain", "--output_dir", "base", "--key_scale", "12"});
  ASSERT_TRUE(error);
  EXPECT_STREQ(
      error->what(),
      "error: CL-03 --key_scale: got '12', expected a power of two from 1 to 1024; e.g. 8");
}

// -1 stands for the architecture's value where an architecture is chosen, and nowhere else.
TEST(CommandLine, CL03_AnArchitecturesOwnNumbersAreThoseOfPretrain) {
  const Words pretrain = {"pretrain", "--output_dir", "base"};
  for (const std::string flag : {"--massive_scale", "--learning_rate"}) {
    EXPECT_EQ(error_code(pretrain + Words{flag, "-1"}), "none") << flag;
    EXPECT_EQ(error_code(pretrain + Words{flag, "-2"}), "CL-03") << flag;
  }
  EXPECT_EQ(parse(pretrain).train.learning_rate, -1);
  EXPECT_EQ(parse(pretrain).pretrain.massive_scale, -1);
  EXPECT_EQ(error_code(kTrainWords + Words{"--learning_rate", "-1"}), "CL-03");
  const auto error = parse_error(pretrain + Words{"--learning_rate", "2"});
  ASSERT_TRUE(error);
  EXPECT_STREQ(error->what(),
               "error: CL-03 --learning_rate: got '2', expected a number in (0, 1], or -1 (as the "
               "architecture has it); e.g. 3e-3");
}

// Base models of other settings are other models, and -1 is the number that it stands for.
TEST(BaseModelKey, NamesEverythingThatDecidesTheModel) {
  const auto key = [](const Words& words) {
    return base_model_key(parse(Words{"pretrain", "--output_dir", "base"} + words));
  };
  EXPECT_EQ(key({"--massive_scale", "10", "--learning_rate", "3e-3"}), key({}));
  for (const Words& other :
       {Words{"--massive_scale", "5"}, Words{"--learning_rate", "2e-3"}, Words{"--key_scale", "4"},
        Words{"--architecture", "llama"}, Words{"--hidden_size", "64"},
        Words{"--rope_theta", "300"}, Words{"--pretraining_documents", "30"}, Words{"--seed", "1"}})
    EXPECT_NE(key(other), key({})) << other.at(0);
  EXPECT_EQ(key({"--architecture", "llama", "--massive_scale", "5"}),
            key({"--architecture", "llama"}));
}

TEST(CommandLine, CL03_RotationSeedsHave42Bits) {
  const auto seed = [](const char* text) { return kTrainWords + Words{"--rotation_seed", text}; };
  EXPECT_EQ(parse(seed("4398046511103")).rotation.rotation_seed, 4398046511103u);
  EXPECT_EQ(error_code(seed("4398046511104")), "CL-03");
  EXPECT_EQ(error_code(seed("-1")), "CL-03");
}

TEST(CommandLine, CL03_SomethingIsHeldOut) {
  EXPECT_EQ(parse(kTrainWords + Words{"--eval_fraction", "0.5"}).data.eval_fraction, 0.5);
  EXPECT_EQ(error_code(kTrainWords + Words{"--eval_fraction", "0"}), "CL-03");
  EXPECT_EQ(error_code(kTrainWords + Words{"--eval_fraction", "0.51"}), "CL-03");
}

TEST(CommandLine, RangesHaveTheWordsOfTheModelFiles) {
  const auto range = [](const char* word) {
    return parse(kTrainWords + Words{"--quant_range", word}).quant.kv.range;
  };
  EXPECT_EQ(range("zero_included"), Range::kZeroIncluded);
  EXPECT_EQ(range("tight"), Range::kTight);
  EXPECT_EQ(range("paper_eq4"), Range::kPaperEq4);
}

TEST(CommandLine, CL04_SymmetricQuantizersHaveNoRange) {
  for (const std::string flag : {"--w_symmetry", "--a_symmetry", "--kv_symmetry"}) {
    const auto code = [&](const char* symmetry, const char* range) {
      return error_code(kTrainWords + Words{flag, symmetry, "--quant_range", range});
    };
    EXPECT_EQ(code("symmetric", "tight"), "CL-04");
    EXPECT_EQ(code("symmetric", "paper_eq4"), "CL-04");
    EXPECT_EQ(code("symmetric", "zero_included"), "none");
    EXPECT_EQ(code("asymmetric", "tight"), "none");
  }
  const auto error =
      parse_error(kTrainWords + Words{"--w_symmetry", "symmetric", "--quant_range", "tight"});
  ASSERT_TRUE(error);
  EXPECT_EQ(error->parts().hint, "the other one comes from --w_symmetry");
}

}  // namespace
}  // namespace trainer
