// `convert`: both forms of a Pythia-style model are read by the other commands, and what cannot be
// converted is refused in one line.
#include <algorithm>
#include <cstring>
#include <limits>
#include <nlohmann/json.hpp>

#include "tests/program/program.h"

namespace trainer::test {
namespace {

using nlohmann::json;

fs::path tiny_pythia(const Scratch& scratch) {
  fs::path base = scratch / "base";
  const Outcome made = run_program({"pretrain", "--output_dir",
                                    base,       "--hidden_size",
                                    "32",       "--intermediate_size",
                                    "64",       "--num_hidden_layers",
                                    "2",        "--max_steps",
                                    "4",        "--pretraining_documents",
                                    "40",       "--train_samples",
                                    "40",       "--calibration_samples",
                                    "5",        "--validation_samples",
                                    "4",        "--test_samples",
                                    "6",        "--quiet"});
  EXPECT_EQ(made.exit_code, 0) << made.err;
  return base;
}

json json_of(const Words& arguments) {
  const Outcome r = run_program(arguments);
  EXPECT_EQ(r.exit_code, 0) << r.err;
  return r.exit_code == 0 ? json::parse(r.out) : json();
}

json converted(const fs::path& model, const std::string& form, const fs::path& out) {
  return json_of(
      {"convert", "--model_name_or_path", model, "--form", form, "--output_dir", out, "--json"});
}

json evaluated(const fs::path& model, const fs::path& data) {
  return json_of({"eval", "--model_name_or_path", model, "--dataset", data / "test.jsonl", "--json",
                  "--max_new_tokens", "4"});
}

json config_of(const fs::path& model) { return json::parse(read_text(model / "config.json")); }

void expect_refused(const Words& arguments, int exit_code, const std::string& code,
                    const std::string& mention) {
  const Outcome r = run_program(arguments);
  EXPECT_EQ(r.exit_code, exit_code) << r.err;
  EXPECT_NE(r.err.find("error: " + code), std::string::npos) << r.err;
  EXPECT_NE(r.err.find(mention), std::string::npos) << r.err;
  EXPECT_EQ(std::ranges::count(r.err, '\n'), 1) << r.err;
}

TEST(Convert, BothFormsOfPythiaComputeTheSame) {
  const Scratch scratch;
  const fs::path base = tiny_pythia(scratch), model = base / "model", data = base / "data";
  const json folded = converted(model, "folded", scratch / "folded");
  EXPECT_EQ(folded.at("architecture"), "RosteNeoXForCausalLM");
  EXPECT_GT(folded.at("max_relative_logit_difference"), 0);  // other weights, rounded
  EXPECT_LT(folded.at("max_relative_logit_difference"), 1e-5);
  const json split = converted(model, "split", scratch / "split");
  EXPECT_EQ(split.at("architecture"), "RosteSplitNeoXForCausalLM");
  EXPECT_EQ(split.at("max_relative_logit_difference"), 0);
  EXPECT_EQ(config_of(scratch / "split").at("model_type"), "roste_split_neox");
  const json plain = evaluated(model, data);
  EXPECT_EQ(evaluated(scratch / "split", data), plain);
  const double loss = plain.at("loss");
  EXPECT_NEAR(evaluated(scratch / "folded", data).at("loss").get<double>(), loss, 1e-4 * loss);
}

TEST(Convert, BothFormsAreTrainedAndRotated) {
  const Scratch scratch;
  const fs::path base = tiny_pythia(scratch);
  for (const std::string form : {"folded", "split"}) {
    const fs::path model = scratch / form;
    converted(base / "model", form, model);
    const json rotated = json_of({"rotate", "--model_name_or_path", model, "--output_dir",
                                  scratch / (form + "_rotated"), "--json"});
    EXPECT_LT(rotated.at("max_relative_logit_difference"), 1e-4) << form;
    EXPECT_EQ(config_of(scratch / (form + "_rotated")).at("architectures"),
              json{"RosteNeoXForCausalLM"});
    const fs::path trained = scratch / (form + "_trained");
    const Outcome r = run_program({"train", "--method", "sft", "--model_name_or_path", model,
                                   "--dataset", base / "data" / "train.jsonl", "--eval_dataset",
                                   base / "data" / "test.jsonl", "--max_steps", "2",
                                   "--max_new_tokens", "4", "--output_dir", trained, "--quiet"});
    EXPECT_EQ(r.exit_code, 0) << r.err;
    EXPECT_EQ(config_of(trained / "model").at("architectures"), json{"RosteNeoXForCausalLM"});
  }
}

TEST(Convert, ALlamaIsFoldedAndUntied) {
  const Scratch scratch;
  const json result = converted(tiny_model(), "folded", scratch / "folded");
  EXPECT_EQ(result.at("architecture"), "LlamaForCausalLM");
  EXPECT_LT(result.at("max_relative_logit_difference"), 1e-5);
  EXPECT_EQ(config_of(scratch / "folded").at("tie_word_embeddings"), false);
  EXPECT_EQ(json::parse(read_text(scratch / "folded" / "roste.json")).at("norm_gains"), "folded");
}

TEST(Convert, KeepsQuantizersAndChosenRotations) {
  const Scratch scratch;
  const fs::path model = scratch / "model", out = scratch / "folded";
  const json made = json_of({"rotate", "--model_name_or_path", tiny_model(), "--rotations", "0111",
                             "--output_dir", model, "--json"});
  converted(model, "folded", out);
  const json before = json::parse(read_text(model / "roste.json"));
  EXPECT_EQ(json::parse(read_text(out / "roste.json")), before);
  EXPECT_EQ(before.at("rotation"), made.at("rotation"));
}

TEST(Convert, CF09_NothingToSplit) {
  const Scratch scratch;
  expect_refused({"convert", "--model_name_or_path", tiny_model(), "--form", "split",
                  "--output_dir", scratch / "out"},
                 3, "CF-09", "config.json:/architectures: got LlamaForCausalLM");
  EXPECT_FALSE(fs::exists(scratch / "out"));
}

TEST(Convert, RO11_ARotatedModel) {
  const Scratch scratch;
  json_of({"rotate", "--model_name_or_path", tiny_model(), "--output_dir", scratch / "rotated",
           "--json"});
  expect_refused(
      {"convert", "--model_name_or_path", scratch / "rotated", "--output_dir", scratch / "out"}, 3,
      "RO-11", "a model with R1 merged");
}

TEST(Convert, CL02_AFormThatIsNone) {
  expect_refused(
      {"convert", "--model_name_or_path", tiny_model(), "--form", "llama", "--output_dir", "x"}, 2,
      "CL-02", "folded");
}

// The files are read back before they appear.
TEST(Convert, RO08_LogitsThatAreNotNumbersAreNotSaved) {
  const Scratch scratch;
  const fs::path model = scratch / "model", out = scratch / "out";
  fs::copy(tiny_model(), model, fs::copy_options::recursive);
  std::string bytes = read_text(model / "model.safetensors");
  std::uint64_t header = 0;
  std::memcpy(&header, bytes.data(), 8);
  const json tensors = json::parse(bytes.substr(8, header));
  const std::size_t begin = tensors.at("model.norm.weight").at("data_offsets").at(0);
  const float nan = std::numeric_limits<float>::quiet_NaN();
  std::memcpy(bytes.data() + 8 + header + begin, &nan, 4);
  write_text(model / "model.safetensors", bytes);
  expect_refused(
      {"convert", "--model_name_or_path", model, "--output_dir", out, "--allow_nonfinite"}, 5,
      "RO-08", "logits");
  EXPECT_FALSE(fs::exists(out));
}

}  // namespace
}  // namespace trainer::test
