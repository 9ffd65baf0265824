// The Pythia-style base model through the pipeline: made, rotated, quantized, trained, evaluated.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "tests/program/program.h"

namespace trainer::test {
namespace {

using nlohmann::json;

// What `pretrain` makes when no architecture is named.
fs::path tiny_pythia(const fs::path& out, const std::vector<std::string>& extra) {
  std::vector<std::string> arguments{"pretrain", "--output_dir",
                                     out,        "--hidden_size",
                                     "32",       "--intermediate_size",
                                     "64",       "--num_hidden_layers",
                                     "2",        "--pretraining_documents",
                                     "40",       "--train_samples",
                                     "40",       "--calibration_samples",
                                     "5",        "--validation_samples",
                                     "4",        "--test_samples",
                                     "6",        "--quiet"};
  arguments.insert(arguments.end(), extra.begin(), extra.end());
  const Outcome made = run_program(arguments);
  EXPECT_EQ(made.exit_code, 0) << made.err;
  return out / "model";
}

json json_of(const std::vector<std::string>& arguments) {
  const Outcome r = run_program(arguments);
  EXPECT_EQ(r.exit_code, 0) << r.err;
  return r.exit_code == 0 ? json::parse(r.out) : json();
}

json evaluated(const fs::path& model, const fs::path& data) {
  return json_of({"eval", "--model_name_or_path", model, "--dataset", data / "test.jsonl", "--json",
                  "--max_new_tokens", "4"});
}

TEST(Pythia, IsTheBaseThatPretrainMakes) {
  const Scratch scratch;
  const fs::path model = tiny_pythia(scratch / "base", {"--max_steps", "1"});
  const json config = json::parse(read_text(model / "config.json"));
  EXPECT_EQ(config.at("architectures"), json{"GPTNeoXForCausalLM"});
  EXPECT_EQ(config.at("rotary_pct"), 0.5);
  EXPECT_EQ(config.at("use_parallel_residual"), true);
  EXPECT_EQ(config.at("tie_word_embeddings"), false);
  EXPECT_EQ(config.at("num_attention_heads"), 4);
  const std::string calibration = read_text(scratch / "base" / "data" / "calibration.jsonl");
  EXPECT_EQ(std::ranges::count(calibration, '\n'), 5);
}

// Keys move by powers of two after training, biases too: other weights, the same bits of results.
TEST(Pythia, MovedKeysChangeWeightsAndNoResult) {
  const Scratch scratch;
  const fs::path plain = tiny_pythia(scratch / "plain", {"--max_steps", "4", "--key_scale", "1"});
  const fs::path keys = tiny_pythia(scratch / "keys", {"--max_steps", "4", "--key_scale", "8"});
  EXPECT_TRUE(read_text(plain / "model.safetensors") != read_text(keys / "model.safetensors"));
  const fs::path data = scratch / "plain" / "data";
  EXPECT_EQ(evaluated(plain, data), evaluated(keys, data));
}

TEST(Pythia, RotatingChangesNothingButRounding) {
  const Scratch scratch;
  const fs::path model = tiny_pythia(scratch / "base", {"--max_steps", "4"});
  const fs::path data = scratch / "base" / "data", rotated = scratch / "rotated";
  const json result =
      json_of({"rotate", "--model_name_or_path", model, "--output_dir", rotated, "--json"});
  EXPECT_GT(result.at("max_relative_logit_difference"), 0);
  EXPECT_LT(result.at("max_relative_logit_difference"), 1e-4);
  const json config = json::parse(read_text(rotated / "config.json"));
  EXPECT_EQ(config.at("architectures"), json{"RosteNeoXForCausalLM"});
  const double loss = evaluated(model, data).at("loss");
  EXPECT_NEAR(evaluated(rotated, data).at("loss").get<double>(), loss, 1e-4 * loss);
}

// Quantizers must do something, and training under them must lower the loss.
TEST(Pythia, QuantizesAndTrainsUnderQuantizers) {
  const Scratch scratch;
  const fs::path model = tiny_pythia(scratch / "base", {"--max_steps", "4"});
  const fs::path data = scratch / "base" / "data";
  const std::vector<std::string> from{"--model_name_or_path", model.string()};
  const auto with = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), from.begin(), from.end());
    const Outcome r = run_program(arguments);
    EXPECT_EQ(r.exit_code, 0) << r.err;
  };
  with({"quantize", "--w_bits", "3", "--a_bits", "3", "--kv_bits", "3", "--rotations", "1111",
        "--output_dir", scratch / "rtn"});
  const double plain = evaluated(model, data).at("loss"),
               rounded = evaluated(scratch / "rtn", data).at("loss");
  EXPECT_NE(plain, rounded);
  with({"train",
        "--method",
        "roste",
        "--w_bits",
        "3",
        "--a_bits",
        "3",
        "--kv_bits",
        "3",
        "--max_steps",
        "12",
        "--learning_rate",
        "1e-2",
        "--per_device_train_batch_size",
        "8",
        "--dataset",
        data / "train.jsonl",
        "--eval_dataset",
        data / "test.jsonl",
        "--output_dir",
        scratch / "roste",
        "--quiet"});
  EXPECT_LT(evaluated(scratch / "roste" / "model", data).at("loss").get<double>(), rounded);
}

TEST(Pythia, CL03_SharesNoKeys) {
  const Outcome r = run_program({"pretrain", "--num_key_value_heads", "2", "--output_dir", "x"});
  EXPECT_EQ(r.exit_code, 2);
  EXPECT_NE(r.err.find("CL-03"), std::string::npos) << r.err;
  EXPECT_NE(r.err.find("--architecture llama"), std::string::npos) << r.err;
}

}  // namespace
}  // namespace trainer::test
