// `run` against the commands it is made of: every row of its table can be had one by one.
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "tests/program/program.h"

namespace trainer::test {
namespace {

using nlohmann::json;

const Words kTraining{"--max_steps", "3", "--learning_rate", "2e-3", "--seed", "5"};
const Words kSearch{"--calibration_samples", "7", "--rotation_seed", "3"};
const Words kGeneration{"--max_new_tokens", "6"};

Words data() { return {"--dataset", tiny_data("train"), "--eval_dataset", tiny_data("test")}; }

// Runs a command that must succeed.
Outcome succeed(const Words& arguments) {
  Outcome outcome = run_program(arguments);
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  return outcome;
}

// What a command says of a model, without what only `train` adds.
json measures(json row) {
  row.erase("method");
  return row;
}

json evaluated(const fs::path& model) {
  return json::parse(succeed(Words{"eval", "--model_name_or_path", model, "--dataset",
                                   tiny_data("test"), "--json"} +
                             kGeneration)
                         .out);
}

json trained(const fs::path& out, const std::string& method, const Words& extra,
             const fs::path& model = tiny_model()) {
  return measures(json::parse(succeed(Words{"train", "--method", method, "--model_name_or_path",
                                            model, "--output_dir", out, "--json"} +
                                      data() + kTraining + kGeneration + extra)
                                  .out));
}

// Rows of results.json by the word of the method.
std::map<std::string, json> run_rows(const fs::path& out, const Words& extra) {
  succeed(Words{"run", "--model_name_or_path", tiny_model(), "--output_dir", out} + data() +
          kTraining + kSearch + kGeneration + extra);
  std::map<std::string, json> rows;
  for (const json& row : json::parse(read_text(out / "results.json"))) rows[row.at("method")] = row;
  return rows;
}

// Resampling says nothing new of the mean; stems are other words.
TEST(Evaluation, IntervalsAndStemsAreAskedFor) {
  const Words eval = {"eval",
                      "--model_name_or_path",
                      tiny_model(),
                      "--dataset",
                      tiny_data("test"),
                      "--max_new_tokens",
                      "4",
                      "--json"};
  const auto with = [&](const Words& more) {
    Words words = eval;
    words.insert(words.end(), more.begin(), more.end());
    return json::parse(succeed(words).out);
  };
  const json plain = with({});
  EXPECT_FALSE(plain.contains("bootstrap"));
  EXPECT_EQ(with({"--rouge_stemmer", "none"}), plain);
  const json sampled = with({"--bootstrap_samples", "50", "--seed", "7"});
  EXPECT_EQ(sampled["rouge_average"], plain["rouge_average"]);
  EXPECT_EQ(sampled["bootstrap"]["resamples"], 50);
  EXPECT_EQ(sampled["bootstrap"]["seed"], 7);
  for (const char* name : {"rouge1", "rouge2", "rougeL", "rougeLsum", "rouge_average"}) {
    const json& interval = sampled["bootstrap"][name];
    EXPECT_LE(interval[0].get<double>(), plain[name].get<double>() + 1e-9) << name;
    EXPECT_GE(interval[1].get<double>(), plain[name].get<double>() - 1e-9) << name;
  }
  EXPECT_EQ(with({"--bootstrap_samples", "50", "--seed", "7"}), sampled);
}

// A row of `run` against what `train` and `eval` print: the same numbers.
void expect_same(const json& row, const json& measured) {
  EXPECT_EQ(row.at("test_loss"), measured.at("loss"));
  for (const char* key : {"rouge1", "rouge2", "rougeL", "rougeLsum"})
    EXPECT_EQ(row.at(key), measured.at(key)) << key;
}

// Where the stage of a row is.
fs::path stage_of(const fs::path& run, const json& row) {
  return run / row.at("directory").get<std::string>();
}

TEST(Comparison, TrainedRowsAreThoseOfTrain) {
  const Scratch scratch;
  auto rows = run_rows(scratch / "run", {});
  expect_same(rows["sft"], trained(scratch / "sft", "sft", {}));
  expect_same(rows["ste"], trained(scratch / "ste", "ste", {}));
  expect_same(rows["roste"], trained(scratch / "roste", "roste", kSearch));
  const json rotation = json::parse(read_text(scratch / "roste/model/roste.json")).at("rotation");
  EXPECT_EQ(rows["roste"].at("rotations"), rotation.at("layers"));
  EXPECT_NE(rows["roste"].at("rotations"), rows["ste"].at("rotations"));
  EXPECT_NE(rows["roste"].at("test_loss"), rows["ste"].at("test_loss"));
}

// LLM-QAT starts from the fine-tuned model, adapters from the given one.
TEST(Comparison, RowsOfLlmQatAndAdaptersAreThoseOfTrain) {
  const Scratch scratch;
  const Words own{"--llm_qat_sequences",
                  "4",
                  "--llm_qat_max_length",
                  "16",
                  "--llm_qat_learning_rate",
                  "1e-3",
                  "--lora_learning_rate",
                  "1e-2",
                  "--lora_r",
                  "3",
                  "--lora_alpha",
                  "6",
                  "--lora_targets",
                  "v_proj,down_proj"};
  auto rows = run_rows(scratch / "run", Words{"--methods", "sft+rtn+llm_qat+lora+rolora"} + own);
  const fs::path sft = stage_of(scratch / "run", rows["sft"]) / "model";
  expect_same(rows["llm_qat"], trained(scratch / "llm_qat", "llm_qat", own, sft));
  EXPECT_NE(rows["llm_qat"].at("test_loss"), rows["rtn"].at("test_loss"));
  for (const char* method : {"lora", "rolora"})
    expect_same(rows[method], trained(scratch / method, method, own + kSearch));
  EXPECT_NE(rows["lora"].at("test_loss"), rows["rolora"].at("test_loss"));
}

TEST(Comparison, SavedModelsEvaluateToTheirRows) {
  const Scratch scratch;
  auto rows = run_rows(scratch / "run", {});
  for (const char* method : {"sft", "roste"})
    expect_same(rows[method], evaluated(stage_of(scratch / "run", rows[method]) / "model"));
}

TEST(Comparison, QuantizedRowsAreThoseOfQuantizingTheSftModel) {
  const Scratch scratch;
  auto rows = run_rows(scratch / "run", {"--w_bits", "3"});
  const fs::path sft = stage_of(scratch / "run", rows["sft"]) / "model";
  for (const std::string rotations : {"0000", "1111"}) {
    const fs::path out = scratch / rotations;
    succeed({"quantize", "--model_name_or_path", sft, "--rotations", rotations, "--rotation_seed",
             "3", "--w_bits", "3", "--output_dir", out});
    const json& row = rows[rotations == "0000" ? "rtn" : "quarot_rtn"];
    // The run multiplies codes; of a stored model only the values are known, whose products round
    // otherwise: 2^-24 for each of fewer than 100 terms of a sum, times what the layers amplify.
    const json stored = evaluated(out);
    const double loss = stored.at("loss");
    EXPECT_NEAR(row.at("test_loss").get<double>(), loss, 1e-5 * loss) << rotations;
    EXPECT_EQ(row.at("rouge1"), stored.at("rouge1")) << rotations;
    EXPECT_EQ(row.at("rotations").at(0), rotations);
    EXPECT_NE(row.at("test_loss"), rows["sft"].at("test_loss"));
  }
}

// GPTQ stores its weights in the run as well: not a bit differs. A study multiplies their values,
// as `eval` does here; codes are compared in codes_test.cpp.
TEST(Comparison, GptqRowsAreThoseOfQuantizeMethodGptq) {
  const Scratch scratch;
  auto rows = run_rows(scratch / "run", {"--methods", "sft+gptq+quarot_gptq+rtn"});
  const fs::path sft = stage_of(scratch / "run", rows["sft"]) / "model";
  for (const std::string rotations : {"0000", "1111"}) {
    const fs::path out = scratch / rotations;
    succeed(Words{"quantize", "--method", "gptq", "--model_name_or_path", sft, "--dataset",
                  tiny_data("train"), "--rotations", rotations, "--output_dir", out, "--seed", "5",
                  "--weights_format", "values"} +
            kSearch);
    expect_same(rows[rotations == "0000" ? "gptq" : "quarot_gptq"], evaluated(out));
  }
  EXPECT_NE(rows["gptq"].at("test_loss"), rows["rtn"].at("test_loss"));
}

// The base row is the given model; folding its gains only rounds.
TEST(Comparison, TheBaseRowIsTheGivenModel) {
  const Scratch scratch;
  auto rows = run_rows(scratch / "run", {});
  const double loss = evaluated(tiny_model()).at("loss");
  EXPECT_NEAR(rows["base"].at("test_loss").get<double>(), loss, 1e-5 * loss);
  EXPECT_NE(rows["sft"].at("test_loss"), rows["base"].at("test_loss"));
}

// With 16 bits everywhere, all methods but the base model are supervised fine-tuning.
TEST(Comparison, WithoutQuantizersAllMethodsAreFineTuning) {
  const Scratch scratch;
  auto rows = run_rows(scratch / "run", {"--w_bits", "16", "--a_bits", "16", "--kv_bits", "16"});
  for (const char* method : {"rtn", "ste", "roste"}) {
    EXPECT_EQ(rows[method].at("test_loss"), rows["sft"].at("test_loss")) << method;
    EXPECT_EQ(rows[method].at("rouge_average"), rows["sft"].at("rouge_average")) << method;
  }
  EXPECT_EQ(rows["roste"].at("rotations"), rows["ste"].at("rotations"));
}

// Each method changes something that no other does.
TEST(Comparison, NoMethodSilentlyDoesNothing) {
  const Scratch scratch;
  auto rows = run_rows(
      scratch / "run",
      {"--methods",
       "base+sft+rtn+gptq+quarot_rtn+quarot_gptq+spinquant+llm_qat+ste+complete+lora+rolora",
       "--w_bits", "3", "--llm_qat_sequences", "4", "--llm_qat_max_length", "16",
       "--llm_qat_learning_rate", "1e-3", "--lora_learning_rate", "1e-2", "--spinquant_steps",
       "3"});
  ASSERT_EQ(rows.size(), 12u);
  std::map<double, std::string> losses;
  for (const auto& [method, row] : rows) {
    const auto [other, is_new] = losses.emplace(row.at("test_loss").get<double>(), method);
    EXPECT_TRUE(is_new) << method << " has the loss of " << other->second;
  }
}

TEST(Comparison, AStudyGoesOnWhereItWas) {
  const Scratch scratch;
  const Words methods{"--methods", "sft+rtn"};
  auto first = run_rows(scratch / "run", methods);
  const fs::path log = stage_of(scratch / "run", first["sft"]) / "log.jsonl";
  const std::string lines = read_text(log);
  auto second = run_rows(scratch / "run", {"--methods", "sft+rtn+quarot_rtn"});
  EXPECT_EQ(second["sft"], first["sft"]) << "seconds included: it was not run again";
  EXPECT_EQ(read_text(log), lines);
  EXPECT_EQ(second.size(), 3u);
  // Another optimizer is another stage.
  auto other = run_rows(scratch / "run", {"--methods", "sft", "--adam_beta1", "0.5"});
  EXPECT_NE(other["sft"].at("directory"), first["sft"].at("directory"));
  EXPECT_NE(other["sft"].at("test_loss"), first["sft"].at("test_loss"));
}

// Its results and its report would be lost.
TEST(Comparison, AStudyOfAnotherCommandIsNotWrittenOver) {
  const Scratch scratch;
  run_rows(scratch / "run", {"--methods", "base"});
  const std::string results = read_text(scratch / "run/results.json");
  const Words sweep = Words{"sweep",     "--model_name_or_path", tiny_model(),
                            "--dataset", tiny_data("train"),     "--methods",
                            "base",      "--output_dir",         scratch / "run"};
  const Outcome refused = run_program(sweep);
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_THAT(refused.err, testing::HasSubstr("CL-05"));
  EXPECT_THAT(refused.err, testing::HasSubstr("a study that `sweep` began"));
  write_text(scratch / "run/study.json", "{");
  EXPECT_EQ(run_program(sweep).exit_code, 2);
  EXPECT_EQ(read_text(scratch / "run/results.json"), results);
}

TEST(Comparison, ASweepNamesThePointWithTheSmallestValidationLoss) {
  const Scratch scratch;
  const Outcome sweep =
      succeed(Words{"sweep", "--model_name_or_path", tiny_model(), "--dataset", tiny_data("train"),
                    "--validation_dataset", tiny_data("test"), "--methods", "sft+ste",
                    "--learning_rates", "1e-4,2e-2", "--clip_ratios", "1,0.5", "--max_steps", "3",
                    "--output_dir", scratch / "sweep", "--json"});
  const json points = json::parse(sweep.out);
  ASSERT_EQ(points.size(), 2u + 4u) << "clipping does not touch full precision";
  for (std::size_t i = 0; i < points.size(); ++i) {
    EXPECT_TRUE(points[i].at("validation_loss").is_number());
    EXPECT_TRUE(points[i].at("test_loss").is_null()) << "the test is not looked at";
    for (std::size_t j = 0; j < i; ++j)
      EXPECT_NE(points[i].at("validation_loss"), points[j].at("validation_loss"));
  }
}

TEST(Comparison, TrainAndRunSearchAsSearchDoes) {
  const Scratch scratch;
  const Words seed{"--seed", "5"};
  succeed(Words{"search", "--model_name_or_path", tiny_model(), "--dataset", tiny_data("train"),
                "--output_dir", scratch / "search"} +
          kSearch + seed);
  const json found = json::parse(read_text(scratch / "search/search.json"));
  EXPECT_EQ(found.at("calibration_samples"), 7);
  EXPECT_EQ(found.at("rotation").at("seed"), 3);
  trained(scratch / "train", "roste", kSearch);
  EXPECT_EQ(json::parse(read_text(scratch / "train/rotation.json")), found);
  auto rows = run_rows(scratch / "run", {});
  const json record =
      json::parse(read_text(stage_of(scratch / "run", rows["roste"]) / "record.json"));
  EXPECT_EQ(record.at("rounds").at(0).at("rotation"), found.at("rotation"));
  EXPECT_EQ(record.at("rounds").at(0).at("objective_after"), found.at("after"));
}

TEST(Comparison, SeedsChooseCalibrationSamplesAndSigns) {
  const Scratch scratch;
  const auto objectives = [&](const std::string& seed, const std::string& rotation_seed) {
    return json::parse(succeed({"search", "--model_name_or_path", tiny_model(), "--dataset",
                                tiny_data("train"), "--calibration_samples", "7", "--json",
                                "--seed", seed, "--rotation_seed", rotation_seed})
                           .out)
        .at("objectives");
  };
  const json first = objectives("1", "1"), other_samples = objectives("2", "1"),
             other_signs = objectives("1", "2");
  EXPECT_NE(first.at("0000"), other_samples.at("0000"));
  EXPECT_EQ(first.at("0000"), other_signs.at("0000"));
  EXPECT_NE(first.at("1111"), other_signs.at("1111"));
}

}  // namespace
}  // namespace trainer::test
