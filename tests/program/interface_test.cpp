// The command lines that other programs rely on.
#include <nlohmann/json.hpp>

#include "tests/program/program.h"

namespace trainer::test {
namespace {

using nlohmann::json;

const char* const kShared = ROSTE_SHARED_DATA;

TEST(Program, HelpOfEveryCommandExitsZero) {
  for (const char* command : {"pretrain", "rotate", "measure", "search", "train", "merge",
                              "quantize", "eval", "generate", "run", "sweep", "reproduce"}) {
    const Outcome help = run_program({command, "--help"});
    EXPECT_EQ(help.exit_code, 0) << command;
    EXPECT_NE(help.out.find("--threads"), std::string::npos) << command;
    EXPECT_EQ(help.err, "") << command;
  }
}

TEST(Program, GenerateWritesTheKnownTextByteForByteBeforeAndAfterRotate) {
  const fs::path model = fs::path(kShared) / "models/stories260K-hf";
  if (!fs::exists(model))
    GTEST_SKIP() << "the real model stories260K-hf is not beside this checkout";
  const std::string expected = read_text(fs::path(kShared) / "models/stories260K_greedy200.txt");
  EXPECT_EQ(run_program({"generate", "--model_name_or_path", model, "--prompt", "",
                         "--max_new_tokens", "200"})
                .out,
            expected);
  const Scratch scratch;
  const fs::path rotated = scratch / "rotated";
  ASSERT_EQ(run_program({"rotate", "--model_name_or_path", model, "--rotations", "1111",
                         "--output_dir", rotated})
                .exit_code,
            0);
  EXPECT_EQ(run_program({"generate", "--model_name_or_path", rotated, "--prompt", "",
                         "--max_new_tokens", "200"})
                .out,
            expected);
}

// R1 to R4 on the real model, without quantizers: 1e-4 of the largest logit.
TEST(Program, RotateLeavesTheLogitsOfTheRealModelUnchanged) {
  const fs::path model = fs::path(kShared) / "models/stories260K-hf";
  if (!fs::exists(model))
    GTEST_SKIP() << "the real model stories260K-hf is not beside this checkout";
  const Scratch scratch;
  const Outcome rotated = run_program({"rotate", "--model_name_or_path", model, "--rotations",
                                       "1111", "--output_dir", scratch / "r", "--json"});
  EXPECT_LT(json::parse(rotated.out).at("max_relative_logit_difference").get<double>(), 1e-4);
}

TEST(Program, EvalPrintsOneJsonObject) {
  const Outcome e = run_program({"eval", "--model_name_or_path", tiny_model(), "--dataset",
                                 tiny_data("test"), "--json", "--max_new_tokens", "8"});
  ASSERT_EQ(e.exit_code, 0) << e.err;
  const json result = json::parse(e.out);
  for (const char* key : {"loss", "perplexity", "rouge1", "rouge2", "rougeL", "rougeLsum"}) {
    EXPECT_TRUE(result.at(key).is_number()) << key;
  }
  EXPECT_NEAR(result.at("perplexity").get<double>(), std::exp(result.at("loss").get<double>()),
              1e-6 * result.at("perplexity").get<double>());
  EXPECT_EQ(result.at("samples"), 6);
}

TEST(Program, RunComparesAllMethodsAndSavesTheModel) {
  const Scratch scratch;
  const fs::path out = scratch / "run";
  const Outcome r = run_program({"run",
                                 "--model_name_or_path",
                                 tiny_model(),
                                 "--dataset",
                                 tiny_data("train"),
                                 "--output_dir",
                                 out,
                                 "--w_bits",
                                 "4",
                                 "--a_bits",
                                 "8",
                                 "--kv_bits",
                                 "4",
                                 "--max_steps",
                                 "3",
                                 "--learning_rate",
                                 "1e-3",
                                 "--calibration_samples",
                                 "8",
                                 "--max_new_tokens",
                                 "8"});
  ASSERT_EQ(r.exit_code, 0) << r.err;
  const json results = json::parse(read_text(out / "results.json"));
  std::vector<std::string> methods;
  for (const json& row : results) {
    methods.push_back(row.at("method"));
    EXPECT_TRUE(row.at("test_loss").is_number());
    EXPECT_TRUE(row.at("settings").contains("quantization"));
    EXPECT_TRUE(fs::exists(out / row.at("directory").get<std::string>() / "log.jsonl"));
  }
  EXPECT_EQ(methods,
            (std::vector<std::string>{"base", "sft", "rtn", "quarot_rtn", "ste", "roste"}));
  EXPECT_EQ(results[5].at("setting"), "W4A8KV4");
  for (const char* name : {"report.html", "report.json", "figures", "data"})
    EXPECT_TRUE(fs::exists(out / name)) << name;
  // The saved model evaluates to what the table says: the same bits of the same computation.
  const Outcome e =
      run_program({"eval", "--model_name_or_path",
                   out / results[5].at("directory").get<std::string>() / "model", "--dataset",
                   tiny_data("test"), "--json", "--max_new_tokens", "8"});
  EXPECT_EQ(e.exit_code, 0) << e.err;
}

TEST(Program, ASavedModelEvaluatesToTheSameNumbers) {
  const Scratch scratch;
  for (const char* method : {"sft", "ste", "roste"}) {
    const fs::path out = scratch / method;
    const Outcome t = run_program(
        {"train", "--method", method, "--model_name_or_path", tiny_model(), "--dataset",
         tiny_data("train"), "--eval_dataset", tiny_data("test"), "--output_dir", out,
         "--max_steps", "3", "--learning_rate", "1e-3", "--calibration_samples", "8", "--json"});
    ASSERT_EQ(t.exit_code, 0) << t.err;
    const Outcome e = run_program(
        {"eval", "--model_name_or_path", out / "model", "--dataset", tiny_data("test"), "--json"});
    ASSERT_EQ(e.exit_code, 0) << e.err;
    json trained = json::parse(t.out);
    trained.erase("method");
    EXPECT_EQ(trained, json::parse(e.out)) << method;
  }
}

TEST(Program, QuantizedModelRunsAsSaved) {
  const Scratch scratch;
  const fs::path out = scratch / "rtn";
  ASSERT_EQ(run_program({"quantize", "--method", "rtn", "--model_name_or_path", tiny_model(),
                         "--rotations", "1111", "--w_bits", "3", "--output_dir", out})
                .exit_code,
            0);
  const json roste = json::parse(read_text(out / "roste.json"));
  EXPECT_EQ(roste.at("weights"), "codes");
  EXPECT_EQ(roste.at("quantization").at("weight").at("bits"), 3);
  EXPECT_EQ(
      run_program({"eval", "--model_name_or_path", out, "--dataset", tiny_data("test"), "--json"})
          .exit_code,
      0);
}

TEST(Program, SearchResultFeedsTrain) {
  const Scratch scratch;
  const fs::path found = scratch / "search", out = scratch / "train";
  ASSERT_EQ(run_program({"search", "--model_name_or_path", tiny_model(), "--dataset",
                         tiny_data("train"), "--calibration_samples", "8", "--output_dir", found})
                .exit_code,
            0);
  const json search = json::parse(read_text(found / "search.json"));
  const Outcome t = run_program({"train", "--method", "roste", "--rotations", found / "search.json",
                                 "--model_name_or_path", tiny_model(), "--dataset",
                                 tiny_data("train"), "--output_dir", out, "--max_steps", "2"});
  ASSERT_EQ(t.exit_code, 0) << t.err;
  EXPECT_EQ(json::parse(read_text(out / "model/roste.json")).at("rotation"), search.at("rotation"));
}

}  // namespace
}  // namespace trainer::test
