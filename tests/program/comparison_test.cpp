// `run` against the commands it is made of: every row of its table can be had one by one.
#include <nlohmann/json.hpp>

#include "tests/program/program.h"

namespace trainer::test {
namespace {

using nlohmann::json;

using Words = std::vector<std::string>;

Words operator+(Words a, const Words& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

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

// What a command says of a model, without what only `run` or only `train` adds.
json measures(json row) {
  for (const char* key : {"method", "setting", "rotations", "seconds", "settings", "model"})
    row.erase(key);
  return row;
}

json evaluated(const fs::path& model) {
  return json::parse(succeed(Words{"eval", "--model_name_or_path", model, "--dataset",
                                   tiny_data("test"), "--json"} +
                             kGeneration)
                         .out);
}

json trained(const fs::path& out, const std::string& method, const Words& extra) {
  return measures(json::parse(succeed(Words{"train", "--method", method, "--model_name_or_path",
                                            tiny_model(), "--output_dir", out, "--json"} +
                                      data() + kTraining + kGeneration + extra)
                                  .out));
}

// Rows of results.json by the name of the method.
std::map<std::string, json> run_rows(const fs::path& out, const Words& extra) {
  succeed(Words{"run", "--model_name_or_path", tiny_model(), "--output_dir", out} + data() +
          kTraining + kSearch + kGeneration + extra);
  std::map<std::string, json> rows;
  for (const json& row : json::parse(read_text(out / "results.json"))) rows[row.at("method")] = row;
  return rows;
}

TEST(Comparison, TrainedRowsAreThoseOfTrain) {
  const Scratch scratch;
  auto rows = run_rows(scratch / "run", {});
  EXPECT_EQ(measures(rows["SFT"]), trained(scratch / "sft", "sft", {}));
  EXPECT_EQ(measures(rows["STE"]), trained(scratch / "ste", "ste", {}));
  EXPECT_EQ(measures(rows["RoSTE"]), trained(scratch / "roste", "roste", kSearch));
  EXPECT_EQ(rows["RoSTE"].at("settings").at("rotation"),
            json::parse(read_text(scratch / "roste/model/roste.json")).at("rotation"));
  EXPECT_NE(rows["RoSTE"].at("rotations"), "0000");
  EXPECT_NE(rows["RoSTE"].at("loss"), rows["STE"].at("loss"));
}

TEST(Comparison, SavedModelsEvaluateToTheirRows) {
  const Scratch scratch;
  auto rows = run_rows(scratch / "run", {});
  EXPECT_EQ(measures(rows["SFT"]), evaluated(scratch / "run/sft"));
  EXPECT_EQ(measures(rows["RoSTE"]), evaluated(scratch / "run/roste"));
}

TEST(Comparison, QuantizedRowsAreThoseOfQuantizingTheSftModel) {
  const Scratch scratch;
  auto rows = run_rows(scratch / "run", {"--w_bits", "3"});
  for (const std::string rotations : {"0000", "1111"}) {
    const fs::path out = scratch / rotations;
    succeed({"quantize", "--model_name_or_path", scratch / "run/sft", "--rotations", rotations,
             "--rotation_seed", "3", "--w_bits", "3", "--output_dir", out});
    const json& row = rows[rotations == "0000" ? "RTN" : "rotated RTN"];
    // The run multiplies codes; of a stored model only the values are known, whose products round
    // otherwise: 2^-24 for each of fewer than 100 terms of a sum, times what the layers amplify.
    const json stored = evaluated(out);
    const double loss = stored.at("loss");
    EXPECT_NEAR(row.at("loss").get<double>(), loss, 1e-5 * loss) << rotations;
    EXPECT_EQ(row.at("rouge_average"), stored.at("rouge_average")) << rotations;
    EXPECT_EQ(row.at("rotations"), rotations);
    EXPECT_NE(row.at("loss"), rows["SFT"].at("loss"));
  }
}

// The base row is the given model; folding its gains only rounds.
TEST(Comparison, TheBaseRowIsTheGivenModel) {
  const Scratch scratch;
  auto rows = run_rows(scratch / "run", {});
  const double loss = evaluated(tiny_model()).at("loss");
  EXPECT_NEAR(rows["Base"].at("loss").get<double>(), loss, 1e-5 * loss);
  EXPECT_NE(rows["SFT"].at("loss"), rows["Base"].at("loss"));
}

// With 16 bits everywhere, all methods but the base model are supervised fine-tuning.
TEST(Comparison, WithoutQuantizersAllMethodsAreFineTuning) {
  const Scratch scratch;
  auto rows = run_rows(scratch / "run", {"--w_bits", "16", "--a_bits", "16", "--kv_bits", "16"});
  const json sft = measures(rows["SFT"]);
  EXPECT_EQ(measures(rows["RTN"]), sft);
  EXPECT_EQ(measures(rows["STE"]), sft);
  EXPECT_EQ(measures(rows["RoSTE"]), sft);
  EXPECT_EQ(rows["RoSTE"].at("rotations"), "0000");
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
  run_rows(scratch / "run", {});
  EXPECT_EQ(json::parse(read_text(scratch / "run/roste-search.json")), found);
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
