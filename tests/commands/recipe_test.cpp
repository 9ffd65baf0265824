#include "reference_trainer/commands/recipe.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reference_trainer/commands/presets.h"
#include "tests/commands/parse.h"

namespace trainer {
namespace {

using testing::HasSubstr;

std::string recipe_code(const std::string& yaml) {
  try {
    parse_recipe(yaml, "r.yaml");
  } catch (const Error& error) {
    return error.parts().code;
  }
  return "none";
}

TEST(Recipe, ValuesStayTextAndListsAreJoined) {
  const auto entries =
      parse_recipe("learning_rate: 3e-5\n# why\nsettings: [W4A4KV4, W3A3KV3]\nquiet: true\n", "r");
  ASSERT_EQ(entries.size(), 3u);
  EXPECT_EQ(entries[0].key, "learning_rate");
  EXPECT_EQ(entries[0].value, "3e-5");
  EXPECT_EQ(entries[1].value, "W4A4KV4,W3A3KV3");
  EXPECT_EQ(entries[1].line, 3);
  EXPECT_EQ(entries[2].value, "true");
}

TEST(Recipe, EmptyFilesSayNothing) {
  EXPECT_TRUE(parse_recipe("", "r").empty());
  EXPECT_TRUE(parse_recipe("# nothing\n", "r").empty());
}

TEST(Recipe, CL10_OnlyFlatMaps) {
  for (const char* yaml : {"a: {b: 1}", "a:", "a: []", "- a", "a", "a: [", "a: [[1]]",
                           "a: 1\n---\nb: 2", "? [x]\n: 1"}) {
    EXPECT_EQ(recipe_code(yaml), "CL-10") << yaml;
  }
  EXPECT_EQ(recipe_code("a: " + std::string(200000, '[')), "CL-10");
}

TEST(Recipe, CL10_NamesLineAndColumn) {
  try {
    parse_recipe("a: 1\nb: {c: 1}\n", "dir/r.yaml");
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("CL-10 dir/r.yaml:2:4: got a nested value"));
    EXPECT_EQ(error.exit_code(), ExitCode::kUsage);
  }
}

TEST(Recipe, CommandLineOverridesRecipeOverridesDefault) {
  const TemporaryFile recipe(
      "roste_recipe_precedence.yaml",
      "learning_rate: 2e-3\nw_bits: 3\nquiet: true\nmodel_name_or_path: base\n"
      "dataset: d\noutput_dir: o\n");
  const CommandLine line = parse({"train", "--recipe", recipe.path(), "--w_bits", "8"});
  EXPECT_EQ(line.train.learning_rate, 2e-3);         // recipe
  EXPECT_EQ(line.quant.weight.bits, 8);              // command line
  EXPECT_EQ(line.quant.activation.bits, 4);          // default
  EXPECT_EQ(line.verbosity, Verbosity::kQuiet);      // a switch
  EXPECT_EQ(line.model.model_name_or_path, "base");  // required flags may come from the recipe
}

// The message of a `train` whose recipe is `yaml`, with the directory cut off.
std::string recipe_error(const std::string& yaml) {
  const TemporaryFile recipe("roste_recipe_error.yaml", yaml);
  const auto error = parse_error(kTrainWords + Words{"--recipe", recipe.path()});
  const std::string text = error ? error->what() : "none";
  const std::size_t name = text.find("roste_recipe_error");
  return name == std::string::npos ? text : text.substr(name);
}

TEST(Recipe, CL01_UnknownKeyNamesFileLineAndNearest) {
  EXPECT_EQ(recipe_error("w_bits: 3\nlearning_rat: 1\n"),
            "roste_recipe_error.yaml:2: got 'learning_rat', expected a flag of train; did you mean "
            "'learning_rate'?");
  EXPECT_THAT(recipe_error("prompt: hello\n"), HasSubstr("it belongs to: generate"));
  EXPECT_THAT(recipe_error("recipe: other.yaml\n"),
              HasSubstr("see reference_trainer train --help"));
}

TEST(Recipe, CL02_ValuesAreParsedLikeFlags) {
  EXPECT_THAT(recipe_error("learning_rate: .nan\n"), HasSubstr(":1 (learning_rate): got '.nan'"));
  EXPECT_THAT(recipe_error("quiet: yes\n"), HasSubstr("expected true | false"));
  EXPECT_THAT(recipe_error("w_bits: 0x4\n"), HasSubstr("got '0x4'"));
}

TEST(Recipe, CL04_RepeatedKey) {
  EXPECT_THAT(recipe_error("w_bits: 3\nseed: 1\nw_bits: 3\n"), HasSubstr(":3: got 'w_bits' again"));
}

TEST(Recipe, CL04_ContradictionAcrossFileAndCommandLine) {
  const TemporaryFile recipe("roste_recipe_contradiction.yaml", "settings: [W4A4KV4]\n");
  EXPECT_EQ(error_code(kRunWords + Words{"--recipe", recipe.path(), "--w_bits", "3"}), "CL-04");
}

TEST(Recipe, MissingFileIsAnError) {
  EXPECT_NE(error_code(kTrainWords + Words{"--recipe", "no/such/recipe.yaml"}), "none");
}

// Each is for `run`, or named after its command.
TEST(Recipe, ShippedRecipesFitTheirCommands) {
  const std::filesystem::path recipes = std::filesystem::path(ROSTE_SOURCE_DIR) / "scripts/recipes";
  const Words reproduce = {"reproduce", "--output_dir", "out"};
  int seen = 0;
  for (const auto& recipe : std::filesystem::directory_iterator(recipes)) {
    if (recipe.is_directory()) continue;
    const Words& command = recipe.path().stem() == "reproduce" ? reproduce : kRunWords;
    EXPECT_EQ(error_code(command + Words{"--recipe", recipe.path()}), "none") << recipe.path();
    ++seen;
  }
  EXPECT_GT(seen, 0);
}

// Tables 4 and 5: one model, the number of its samples in a step, and its rates.
struct PaperRecipe {
  const char* name;
  TrainMethod method;
  double learning_rate;
  double clip;
  Schedule schedule;
  std::int64_t max_length;
  double epochs;
};
constexpr PaperRecipe kPaper[] = {
    {"pythia-1b_sft", TrainMethod::kSft, 3e-5, 1, Schedule::kCosine, 2048, 1},
    {"pythia-1b_ste", TrainMethod::kSte, 3e-5, 1, Schedule::kCosine, 2048, 1},
    {"pythia-1b_roste", TrainMethod::kRoste, 3e-5, 0.95, Schedule::kCosine, 2048, 1},
    {"pythia-6.9b_sft", TrainMethod::kSft, 3e-5, 1, Schedule::kCosine, 2048, 1},
    {"pythia-6.9b_ste", TrainMethod::kSte, 3e-6, 0.95, Schedule::kCosine, 2048, 1},
    {"pythia-6.9b_roste", TrainMethod::kRoste, 3e-6, 0.95, Schedule::kCosine, 2048, 1},
    {"qwen2.5-0.5b_sft", TrainMethod::kSft, 5e-5, 1, Schedule::kCosine, 2048, 1},
    {"qwen2.5-0.5b_ste", TrainMethod::kSte, 5e-5, 0.95, Schedule::kCosine, 2048, 1},
    {"qwen2.5-0.5b_roste", TrainMethod::kRoste, 5e-5, 0.95, Schedule::kCosine, 2048, 1},
    {"qwen2.5-7b_sft", TrainMethod::kSft, 1e-5, 1, Schedule::kCosine, 2048, 1},
    {"qwen2.5-7b_ste", TrainMethod::kSte, 1e-5, 0.95, Schedule::kCosine, 2048, 1},
    {"qwen2.5-7b_roste", TrainMethod::kRoste, 1e-5, 0.95, Schedule::kCosine, 2048, 1},
    {"llama-3.1-8b_sft", TrainMethod::kSft, 5e-6, 1, Schedule::kLinear, 1024, 2},
    {"llama-3.1-8b_ste", TrainMethod::kSte, 5e-6, 0.95, Schedule::kLinear, 1024, 2},
    {"llama-3.1-8b_roste", TrainMethod::kRoste, 5e-6, 0.95, Schedule::kLinear, 1024, 2},
};

TEST(Recipe, ThePapersSettings) {
  const std::filesystem::path directory =
      std::filesystem::path(ROSTE_SOURCE_DIR) / "scripts/recipes/paper";
  std::size_t files = 0;
  for ([[maybe_unused]] const auto& file : std::filesystem::directory_iterator(directory)) ++files;
  EXPECT_EQ(files, std::size(kPaper));
  for (const PaperRecipe& expected : kPaper) {
    const std::string file = directory / (std::string(expected.name) + ".yaml");
    const CommandLine line = parse(kTrainWords + Words{"--recipe", file});
    const TrainOptions& train = line.train;
    EXPECT_EQ(train.method, expected.method) << file;
    EXPECT_EQ(train.learning_rate, expected.learning_rate) << file;
    EXPECT_EQ(line.quant.weight.bits, 4) << file;
    for (const QuantizerSettings& q : {line.quant.weight, line.quant.activation, line.quant.kv})
      EXPECT_EQ(q.clip, static_cast<float>(expected.clip)) << file;
    EXPECT_EQ(train.lr_scheduler_type, expected.schedule) << file;
    EXPECT_EQ(line.data.reading.max_length, expected.max_length) << file;
    EXPECT_EQ(train.num_train_epochs, expected.epochs) << file;
    EXPECT_EQ(train.per_device_train_batch_size * train.gradient_accumulation_steps, 128) << file;
    EXPECT_EQ(train.weight_decay, 0) << file;
    EXPECT_EQ(train.warmup_ratio, expected.epochs == 2 ? 0.03 : 0) << file;
  }
}

TEST(Preset, EveryValueIsAFlagOfTrain) {
  const CommandLine line = parse(kTrainWords + Words{"--preset", "reference-code"});
  for (const PresetValue& value : values_of(Preset::kReferenceCode)) {
    EXPECT_EQ(error_code(kTrainWords + Words{std::string("--") + value.flag, value.value}), "none")
        << value.flag;
  }
  EXPECT_EQ(line.quant.activation.range, Range::kTight);
  EXPECT_EQ(line.quant.kv.clip, 0.95f);
  EXPECT_EQ(line.search.mode, SearchMode::kPerLayer);
  EXPECT_EQ(line.search.objective, ErrorScale::kPerElement);
  EXPECT_EQ(line.search_quantizers, SearchQuantizers::kSymmetric);
  EXPECT_EQ(line.rotation.calibration_order, CalibrationOrder::kFirst);
  EXPECT_EQ(line.online_signs, OnlineSigns::kNone);
  EXPECT_EQ(line.train_norms, TrainNorms::kTrained);
  EXPECT_EQ(line.data.reading.loss_on, LossOn::kAllTokens);
}

TEST(Preset, RecipeAndCommandLineOverrideIt) {
  const TemporaryFile recipe("roste_recipe_preset.yaml",
                             "preset: reference-code\nw_clip_ratio: 0.9\n");
  const CommandLine line =
      parse(kTrainWords + Words{"--recipe", recipe.path(), "--loss_on", "completion"});
  EXPECT_EQ(line.quant.weight.clip, 0.9f);                    // recipe
  EXPECT_EQ(line.data.reading.loss_on, LossOn::kCompletion);  // command line
  EXPECT_EQ(line.quant.activation.clip, 0.95f);               // preset
  EXPECT_EQ(error_code(kTrainWords + Words{"--preset", "paper"}), "CL-02");
}

}  // namespace
}  // namespace trainer
