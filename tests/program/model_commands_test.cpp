// The commands that make models: pretrain, rotate, quantize.
#include <cstdint>
#include <cstring>
#include <limits>

#include <nlohmann/json.hpp>

#include "tests/program/program.h"

namespace trainer::test {
namespace {

using nlohmann::json;

// pretrain at the size of tiny_base().
fs::path pretrained(const fs::path& out, const std::vector<std::string>& extra) {
  std::vector<std::string> arguments{
      "pretrain", "--architecture",        "llama", "--output_dir",
      out,        "--hidden_size",         "32",    "--intermediate_size",
      "56",       "--num_hidden_layers",   "2",     "--num_attention_heads",
      "4",        "--num_key_value_heads", "2",     "--pretraining_documents",
      "40",       "--train_samples",       "40",    "--validation_samples",
      "4",        "--test_samples",        "6",     "--quiet"};
  arguments.insert(arguments.end(), extra.begin(), extra.end());
  const Outcome made = run_program(arguments);
  EXPECT_EQ(made.exit_code, 0) << made.err;
  return out / "model";
}

std::string weights(const fs::path& model) { return read_text(model / "model.safetensors"); }

json evaluated(const fs::path& model) {
  const Outcome e = run_program({"eval", "--model_name_or_path", model, "--dataset",
                                 tiny_data("test"), "--json", "--max_new_tokens", "4"});
  EXPECT_EQ(e.exit_code, 0) << e.err;
  return json::parse(e.out);
}

// Outliers move by powers of two after training: other weights, the same bits of every result.
TEST(Pretrain, MovedOutliersChangeWeightsAndNoResult) {
  const Scratch scratch;
  const fs::path plain =
      pretrained(scratch / "plain", {"--max_steps", "3", "--key_scale", "1", "--up_scale", "1"});
  const fs::path keys =
      pretrained(scratch / "keys", {"--max_steps", "3", "--key_scale", "8", "--up_scale", "1"});
  const fs::path ups =
      pretrained(scratch / "ups", {"--max_steps", "3", "--key_scale", "1", "--up_scale", "16"});
  EXPECT_TRUE(weights(plain) != weights(keys));
  EXPECT_TRUE(weights(plain) != weights(ups));
  EXPECT_EQ(evaluated(plain), evaluated(keys));
  EXPECT_EQ(evaluated(plain), evaluated(ups));
}

// A learning rate that changes no float, and no moved outliers, leave the initial weights.
TEST(Pretrain, SeedAndMassiveScaleDecideTheInitialWeights) {
  const Scratch scratch;
  const std::vector<std::string> still{"--max_steps", "1", "--learning_rate", "1e-30",
                                       "--key_scale", "1", "--up_scale",      "1"};
  const auto with = [&](const char* name, const std::vector<std::string>& extra) {
    std::vector<std::string> all = still;
    all.insert(all.end(), extra.begin(), extra.end());
    return weights(pretrained(scratch / name, all));
  };
  const std::string first = with("first", {"--seed", "1"});
  EXPECT_TRUE(with("again", {"--seed", "1"}) == first);
  EXPECT_TRUE(with("other", {"--seed", "2"}) != first);
  EXPECT_TRUE(with("none", {"--seed", "1", "--massive_scale", "0"}) != first);
}

// docs/builtin-task.md, of a llama; one step shows the rate, for warm-up is shorter than it.
TEST(Pretrain, TheArchitectureDecidesMassiveScaleAndLearningRate) {
  const Scratch scratch;
  const auto with = [&](const char* name, const std::vector<std::string>& extra) {
    std::vector<std::string> all{"--max_steps", "1"};
    all.insert(all.end(), extra.begin(), extra.end());
    return weights(pretrained(scratch / name, all));
  };
  const std::string chosen = with("chosen", {});
  EXPECT_TRUE(with("same", {"--massive_scale", "5", "--learning_rate", "2e-3"}) == chosen);
  EXPECT_TRUE(with("scale", {"--massive_scale", "10"}) != chosen);
  EXPECT_TRUE(with("rate", {"--learning_rate", "3e-3"}) != chosen);
}

TEST(Pretrain, RopeThetaIsThatOfTheFlag) {
  const Scratch scratch;
  const fs::path model = pretrained(scratch / "base", {"--max_steps", "1", "--rope_theta", "300"});
  EXPECT_EQ(json::parse(read_text(model / "config.json")).at("rope_theta"), 300.0);
  EXPECT_EQ(json::parse(read_text(tiny_model() / "config.json")).at("rope_theta"), 1e5);
}

TEST(Pretrain, TrainingLowersTheLossOfTheSavedModel) {
  const Scratch scratch;
  const json before =
      evaluated(pretrained(scratch / "before", {"--max_steps", "1", "--learning_rate", "1e-30"}));
  const json after = evaluated(pretrained(scratch / "after", {"--max_steps", "8"}));
  EXPECT_LT(after.at("loss").get<double>(), before.at("loss").get<double>());
}

// All four rotations by default; float32 cannot turn a model by them without rounding anything.
TEST(Rotate, RotatesByAllFourAndSaysHowMuchItRounded) {
  const Scratch scratch;
  const Outcome r = run_program({"rotate", "--model_name_or_path", tiny_model(), "--output_dir",
                                 scratch / "rotated", "--rotation_seed", "4", "--json"});
  ASSERT_EQ(r.exit_code, 0) << r.err;
  const json result = json::parse(r.out);
  EXPECT_EQ(result.at("rotation"),
            (json{{"layers", {"1111", "1111"}}, {"online_signs", "random"}, {"seed", 4}}));
  const double difference = result.at("max_relative_logit_difference");
  EXPECT_GT(difference, 0);
  EXPECT_LT(difference, 1e-4);
  EXPECT_EQ(json::parse(read_text(scratch / "rotated" / "roste.json")).at("rotation"),
            result.at("rotation"));
  const double loss = evaluated(tiny_model()).at("loss");
  EXPECT_NEAR(evaluated(scratch / "rotated").at("loss").get<double>(), loss, 1e-4 * loss);
}

// A NaN in the gain of the last norm makes every logit NaN.
TEST(Rotate, ARandomOrthogonalR1IsMergedAndLeavesTheLogits) {
  const Scratch scratch;
  const auto rotated = [&](const char* seed) {
    const fs::path out = scratch / (std::string("rotated") + seed);
    const Outcome r =
        run_program({"rotate", "--model_name_or_path", tiny_model(), "--rotate_mode", "random",
                     "--rotation_seed", seed, "--output_dir", out, "--json"});
    EXPECT_EQ(r.exit_code, 0) << r.err;
    const json result = json::parse(r.out);
    EXPECT_GT(result.at("max_relative_logit_difference").get<double>(), 0);
    EXPECT_LT(result.at("max_relative_logit_difference").get<double>(), 1e-4);
    EXPECT_EQ(result.at("rotation").at("layers").at(0), "0111") << "R1 is part of the weights";
    return read_text(out / "model.safetensors");
  };
  EXPECT_NE(rotated("1"), rotated("2"));
}

TEST(Rotate, RO08_AModelWhoseLogitsAreNotNumbersIsNotSaved) {
  const Scratch scratch;
  const fs::path model = scratch / "model", out = scratch / "rotated";
  fs::copy(tiny_model(), model, fs::copy_options::recursive);
  std::string bytes = weights(model);
  const float nan = std::numeric_limits<float>::quiet_NaN();
  std::uint64_t header = 0;
  std::memcpy(&header, bytes.data(), 8);
  const json tensors = json::parse(bytes.substr(8, header));
  const std::size_t begin = tensors.at("model.norm.weight").at("data_offsets").at(0);
  std::memcpy(bytes.data() + 8 + header + begin, &nan, 4);
  write_text(model / "model.safetensors", bytes);
  const Outcome r = run_program(
      {"rotate", "--model_name_or_path", model, "--output_dir", out, "--allow_nonfinite"});
  EXPECT_EQ(r.exit_code, 5) << r.err;
  EXPECT_NE(r.err.find("RO-08"), std::string::npos) << r.err;
  EXPECT_FALSE(fs::exists(out));
}

TEST(Quantize, BitsAndRotationsAreThoseOfTheCommandLine) {
  const Scratch scratch;
  const auto quantized = [&](const std::string& name, const std::vector<std::string>& extra) {
    std::vector<std::string> arguments{"quantize", "--model_name_or_path", tiny_model(),
                                       "--output_dir", scratch / name};
    arguments.insert(arguments.end(), extra.begin(), extra.end());
    EXPECT_EQ(run_program(arguments).exit_code, 0);
    return json::parse(read_text(scratch / name / "roste.json"));
  };
  const json plain = quantized("plain", {});
  EXPECT_EQ(plain.at("rotation").at("layers"), (json{"0000", "0000"}));
  EXPECT_EQ(plain.at("quantization").at("weight").at("bits"), 4);
  const json rotated = quantized("rotated", {"--rotations", "0101", "--w_bits", "3"});
  EXPECT_EQ(rotated.at("rotation").at("layers"), (json{"0101", "0101"}));
  EXPECT_EQ(rotated.at("quantization").at("weight").at("bits"), 3);
}

}  // namespace
}  // namespace trainer::test
