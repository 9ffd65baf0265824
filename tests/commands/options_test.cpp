#include "reference_trainer/commands/options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <iomanip>
#include <set>
#include <sstream>

#include "reference_trainer/commands/options_flags.h"
#include "reference_trainer/commands/options_help.h"
#include "tests/commands/parse.h"

namespace trainer {
namespace {

using testing::HasSubstr;

TEST(CommandLine, FieldsTakeTheValuesOfTheirFlags) {
  const CommandLine line =
      parse(kTrainWords + Words{"--method", "ste", "--learning_rate", "2e-3", "--w_bits", "3",
                                "--kv_clip_ratio=0.9", "--a_symmetry", "symmetric", "--seed",
                                "9223372036854775807", "--resume", "--quiet", "--loss_on", "all",
                                "--quant_range", "zero_included", "--rotations", "1011"});
  EXPECT_EQ(line.command, Command::kTrain);
  EXPECT_EQ(line.model.model_name_or_path, "base");
  EXPECT_EQ(line.output_dir, "out/trained");
  EXPECT_EQ(line.train.method, TrainMethod::kSte);
  EXPECT_EQ(line.train.learning_rate, 2e-3);
  EXPECT_EQ(line.quant.weight.bits, 3);
  EXPECT_EQ(line.quant.activation.bits, 4);
  EXPECT_EQ(line.quant.kv.clip, 0.9f);
  EXPECT_EQ(line.quant.activation.symmetry, Symmetry::kSymmetric);
  EXPECT_EQ(line.quant.weight.symmetry, Symmetry::kAsymmetric);
  EXPECT_EQ(line.quant.kv.range, Range::kZeroIncluded);
  EXPECT_EQ(line.train.seed, 9223372036854775807u);
  EXPECT_EQ(line.train.start, StartFrom::kCheckpoint);
  EXPECT_EQ(line.verbosity, Verbosity::kQuiet);
  EXPECT_EQ(line.data.reading.loss_on, LossOn::kAllTokens);
  EXPECT_EQ(line.rotation.rotations, "1011");
  EXPECT_GE(line.threads, 1);
}

TEST(CommandLine, DefaultsFollowTable4AndAppendixC) {
  const CommandLine line = parse(kTrainWords);
  EXPECT_EQ(line.train.learning_rate, 3e-5);
  EXPECT_EQ(line.train.per_device_train_batch_size, 16);
  EXPECT_EQ(line.rotation.calibration_samples, 128);
  EXPECT_EQ(bits_name(line.quant), "W4A4KV4");
  EXPECT_EQ(line.rotation.rotations, "");
  EXPECT_EQ(parse({"rotate", "--model_name_or_path", "m", "--output_dir", "o"}).rotation.rotations,
            "1111");
}

const Words kMergeWords = {"merge", "--adapters",   "a", "--model_name_or_path",
                           "m",     "--output_dir", "o"};

TEST(CommandLine, MergeQuantizesOnlyWhereItIsTold) {
  EXPECT_EQ(bits_name(parse(kMergeWords).quant), "W16A16KV16");
  EXPECT_EQ(bits_name(parse(kMergeWords + Words{"--kv_bits", "4"}).quant), "W16A16KV4");
  EXPECT_EQ(parse(kMergeWords).model.adapters, "a");
  EXPECT_EQ(error_code({"merge", "--model_name_or_path", "m", "--output_dir", "o"}), "CL-09");
}

// Equal sets are equal lists, whatever their order on the command line.
TEST(CommandLine, TargetsOfAdaptersAreLinearLayers) {
  const auto targets = [](const char* list) {
    return parse(kTrainWords + Words{"--lora_targets", list}).adapters.lora.targets;
  };
  EXPECT_EQ(parse(kTrainWords).adapters.lora.targets,
            (std::vector<Linear>{Linear::kQ, Linear::kV}));
  EXPECT_EQ(targets("down_proj,q_proj,gate_proj"),
            (std::vector<Linear>{Linear::kQ, Linear::kGate, Linear::kDown}));
  EXPECT_EQ(targets("v_proj"), std::vector<Linear>{Linear::kV});
  const auto code = [](const char* list) {
    return error_code(kTrainWords + Words{"--lora_targets", list});
  };
  EXPECT_EQ(code("q_proj,q_proj"), "CL-04");
  for (const char* list : {"", "q", "q_proj,", "q_proj v_proj", "self_attn.q_proj"})
    EXPECT_EQ(code(list), "CL-02") << list;
}

TEST(CommandLine, CalibrationDataTakesThePlaceOfTheDataSet) {
  const Words search = {"search", "--model_name_or_path", "m"};
  EXPECT_EQ(error_code(search), "CL-09");
  EXPECT_EQ(parse(search + Words{"--calibration_dataset", "c"}).data.calibration_dataset, "c");
  EXPECT_EQ(error_code(search + Words{"--calibration_dataset", ""}), "CL-09");
  EXPECT_EQ(error_code({"train", "--model_name_or_path", "m", "--output_dir", "o",
                        "--calibration_dataset", "c"}),
            "CL-01");
}

TEST(CommandLine, PretrainHasItsOwnDefaults) {
  const CommandLine line = parse({"pretrain", "--output_dir", "base", "--test_samples", "7"});
  EXPECT_EQ(line.train.max_steps, 1200);
  EXPECT_EQ(line.data.reading.max_length, 256);
  EXPECT_EQ(line.pretrain.sizes.test, 7);
  EXPECT_EQ(error_code({"pretrain", "--output_dir", "base", "--max_steps", "-1"}), "CL-03");
}

// Every flag of a command is named once, shown by --help, and accepts its own default.
void check_flags_of(Command command, const std::vector<FlagRow>& table) {
  const std::string help = parse({std::string(name_of(command)), "--help"}).text;
  std::set<std::string> names;
  for (const FlagRow& row : table) {
    if (!row.commands.contains(command)) continue;
    SCOPED_TRACE(std::string(name_of(command)) + " --" + row.flag.name);
    EXPECT_TRUE(names.insert(row.flag.name).second);
    EXPECT_THAT(help, HasSubstr("--" + row.flag.name + " "));
    if (row.flag.value_name != "NUMBER" && row.flag.value_name != "BITS") continue;
    CommandLine line = defaults_of(command);
    const std::string shown = row.flag.shown(line);
    EXPECT_NO_THROW(row.flag.assign({shown, row.flag.name}, line));
    EXPECT_EQ(row.flag.shown(line), shown);
  }
}

TEST(CommandLine, FlagTableIsConsistent) {
  const std::vector<FlagRow> table = make_flag_table();
  for (std::size_t i = 0; i < words_of<Command>().size(); ++i)
    check_flags_of(static_cast<Command>(i), table);
}

// Words of a shell line with simple double quotes.
Words shell_words(const std::string& text) {
  std::istringstream stream(text);
  Words words;
  for (std::string word; stream >> std::quoted(word);) words.push_back(word);
  return words;
}

// Recipes of the examples are named from the top of the repository.
TEST(CommandLine, ExamplesOfHelpAreValid) {
  const std::filesystem::path before = std::filesystem::current_path();
  std::filesystem::current_path(ROSTE_SOURCE_DIR);
  for (std::size_t i = 0; i < words_of<Command>().size(); ++i) {
    const std::string example(help_of(static_cast<Command>(i)).example);
    EXPECT_EQ(parse(shell_words(example)).command, static_cast<Command>(i)) << example;
  }
  std::filesystem::current_path(before);
}

TEST(CommandLine, CL01_UnknownFlagNamesTheNearest) {
  const auto error = parse_error(kTrainWords + Words{"--lerning_rate", "3"});
  ASSERT_TRUE(error);
  EXPECT_EQ(error->exit_code(), ExitCode::kUsage);
  EXPECT_STREQ(error->what(),
               "error: CL-01 command line: got '--lerning_rate', expected a flag of train; "
               "did you mean '--learning_rate'?");
}

TEST(CommandLine, CL01_FlagOfAnotherCommandNamesThatCommand) {
  const auto error = parse_error({"eval", "--model_name_or_path", "m", "--save_steps=3"});
  ASSERT_TRUE(error);
  EXPECT_EQ(error->parts().hint, "it belongs to: train");
}

TEST(CommandLine, CL01_UnknownCommandNamesTheNearest) {
  EXPECT_EQ(parse_error({"trian"})->parts().hint, "did you mean 'train'?");
  EXPECT_EQ(parse_error({"--seed", "3", "train"})->parts().hint, "flags come after the command");
  EXPECT_EQ(error_code(kTrainWords + Words{"stray"}), "CL-01");
}

TEST(CommandLine, CL01_HostileFlagStaysOnOneLine) {
  const std::string line = parse_error(kTrainWords + Words{"--x\nerror: forged"})->what();
  EXPECT_EQ(line.find('\n'), std::string::npos);
}

TEST(CommandLine, CL02_NumbersAreParsedWhole) {
  for (const char* text :
       {"nan", "inf", "-inf", "1e", "3e-5x", "0,1", " 1e-3", "+1e-3", "", "0x1p-3", "1e-3 "}) {
    EXPECT_EQ(error_code(kTrainWords + Words{"--learning_rate", text}), "CL-02") << text;
  }
  for (const char* text : {"abc", "", "0x10", "1 ", "--"}) {
    EXPECT_NE(error_code(kTrainWords + Words{"--max_steps", text}), "none") << text;
  }
  EXPECT_EQ(error_code(kTrainWords + Words{"--lr_scheduler_type", "cosin"}), "CL-02");
  EXPECT_EQ(error_code(kTrainWords + Words{"--quiet=maybe"}), "CL-02");
}

TEST(CommandLine, CL02_LocaleDoesNotMatter) {
  EXPECT_EQ(parse(kTrainWords + Words{"--learning_rate", ".5"}).train.learning_rate, 0.5);
  EXPECT_EQ(parse(kTrainWords + Words{"--learning_rate", "3e-5"}).train.learning_rate, 3e-5);
}

TEST(CommandLine, CL03_RangeIsNamed) {
  const auto error = parse_error(kTrainWords + Words{"--learning_rate", "-1"});
  ASSERT_TRUE(error);
  EXPECT_STREQ(error->what(),
               "error: CL-03 --learning_rate: got '-1', expected a number in (0, 1]; e.g. 3e-5");
  for (const char* text : {"99999999999999999999", "-1", "0", "1.5", "1e3"}) {
    const auto failure = parse_error(kTrainWords + Words{"--per_device_train_batch_size", text});
    ASSERT_TRUE(failure) << text;
    EXPECT_EQ(failure->parts().code, "CL-03");
    EXPECT_EQ(failure->parts().expected, "an integer from 1 to 1048576");
  }
  EXPECT_EQ(parse(kTrainWords + Words{"--max_samples", "-1"}).data.reading.max_samples, -1);
  EXPECT_EQ(error_code(kTrainWords + Words{"--max_samples", "-2"}), "CL-03");
  EXPECT_EQ(error_code(kTrainWords + Words{"--w_clip_ratio", "0"}), "CL-03");
  EXPECT_EQ(error_code(kTrainWords + Words{"--w_clip_ratio", "1"}), "none");
  EXPECT_EQ(error_code(kTrainWords + Words{"--adam_beta2", "1"}), "CL-03");
}

TEST(CommandLine, CL03_BitsAreTwoToEightOrSixteen) {
  for (int bits = -1; bits <= 20; ++bits) {
    const bool known = (bits >= 2 && bits <= 8) || bits == 16;
    EXPECT_EQ(error_code(kTrainWords + Words{"--a_bits", std::to_string(bits)}),
              known ? "none" : "CL-03")
        << bits;
  }
}

TEST(CommandLine, CL03_RotationsAreFourBinaryDigitsOrAPath) {
  for (const char* text : {"111", "11111", "1112", "0", ""}) {
    EXPECT_EQ(error_code(kTrainWords + Words{"--rotations", text}), "CL-03") << text;
  }
  EXPECT_EQ(
      parse(kTrainWords + Words{"--rotations", "out/search/rotations.json"}).rotation.rotations,
      "out/search/rotations.json");
}

TEST(CommandLine, CL04_RepeatedFlags) {
  EXPECT_EQ(error_code(kTrainWords + Words{"--seed", "1", "--seed", "1"}), "CL-04");
  EXPECT_EQ(error_code(kTrainWords + Words{"--quiet", "--quiet"}), "CL-04");
  EXPECT_EQ(error_code(kTrainWords + kTrainWords), "CL-01");  // the second "train" is a stray word
}

TEST(CommandLine, CL04_ContradictoryFlags) {
  EXPECT_EQ(error_code(kRunWords + Words{"--settings", "W4A4KV4", "--a_bits", "3"}), "CL-04");
  EXPECT_EQ(error_code(kRunWords + Words{"--eval_dataset", "x", "--eval_fraction", "0.1"}),
            "CL-04");
}

TEST(CommandLine, CL08_HelpAndVersionAreResultsNotErrors) {
  for (const Words& words :
       {Words{"--help"}, Words{"-h"}, Words{"train", "--help"}, Words{"--version"}}) {
    const CommandLine line = parse(words);
    EXPECT_EQ(line.command, Command::kHelp);
    EXPECT_FALSE(line.text.empty());
  }
  EXPECT_THAT(parse({"search", "--help"}).text, HasSubstr("Example:\n  reference_trainer search"));
  EXPECT_THAT(parse({"--version"}).text, HasSubstr("reference_trainer 0."));
}

TEST(CommandLine, NoCommandShowsHelpAndExitsWithTwo) {
  const CommandLine line = parse({});
  EXPECT_EQ(line.command, Command::kNone);
  testing::internal::CaptureStderr();
  EXPECT_EQ(show_text(line), 2);
  EXPECT_THAT(testing::internal::GetCapturedStderr(), HasSubstr("quantize"));
}

TEST(CommandLine, HelpGoesToStdoutAndExitsWithZero) {
  testing::internal::CaptureStdout();
  EXPECT_EQ(show_text(parse({"--help"})), 0);
  EXPECT_THAT(testing::internal::GetCapturedStdout(), HasSubstr("pretrain"));
}

TEST(CommandLine, CL09_RequiredFlagsAndMissingValues) {
  EXPECT_EQ(parse_error({"train", "--dataset", "d", "--output_dir", "o"})->parts().got,
            "no --model_name_or_path");
  EXPECT_EQ(error_code({"eval", "--model_name_or_path", "m"}), "CL-09");
  EXPECT_EQ(error_code({"eval", "--model_name_or_path", "m", "--dataset", ""}), "CL-09");
  EXPECT_EQ(error_code({"generate", "--model_name_or_path", "m"}), "none");
  EXPECT_EQ(error_code(kTrainWords + Words{"--seed"}), "CL-09");
  EXPECT_EQ(error_code(kTrainWords + Words{"--eval_dataset", "--quiet"}), "CL-09");
}

TEST(CommandLine, PromptsAreTakenVerbatim) {
  for (const char* prompt :
       {"[INST] a, b [/INST]", "{}", "[]", "", "-1", " two  words ", "a\nb", "\"quoted\""}) {
    EXPECT_EQ(
        parse({"generate", "--model_name_or_path", "m", "--prompt", prompt}).generation.prompt,
        prompt);
  }
}

TEST(CommandLine, SettingsAreQuantizersThatDifferInBits) {
  const CommandLine line =
      parse(kRunWords + Words{"--settings", "W4A4KV4,W3A8KV16", "--w_clip_ratio", "0.95"});
  ASSERT_EQ(line.settings.size(), 2u);
  EXPECT_EQ(bits_name(line.settings[1]), "W3A8KV16");
  EXPECT_EQ(line.settings[1].weight.clip, 0.95f);
  EXPECT_EQ(parse(kRunWords + Words{"--kv_bits", "3"}).settings[0].kv.bits, 3);
  for (const char* text : {"W4A4", "A4W4KV4", "W4A4KV4,", "W4A4KV4 ", "w4a4kv4", ""}) {
    EXPECT_EQ(error_code(kRunWords + Words{"--settings", text}), "CL-02") << text;
  }
  EXPECT_EQ(error_code(kRunWords + Words{"--settings", "W9A4KV4"}), "CL-03");
  EXPECT_EQ(error_code(kRunWords + Words{"--settings", "W4A4KV4,W04A4KV4"}), "CL-04");
}

}  // namespace
}  // namespace trainer
