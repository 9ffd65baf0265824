// Models whose weights are codes: written by `quantize`, multiplied by `eval` and `generate`.
#include <cmath>

#include <nlohmann/json.hpp>

#include "tests/program/program.h"

namespace trainer::test {
namespace {

using nlohmann::json;

// The directory that `quantize` leaves, with further flags.
fs::path quantized(const fs::path& out, const fs::path& model, const Words& flags) {
  const Outcome made =
      run_program(Words{"quantize", "--model_name_or_path", model, "--output_dir", out} + flags);
  EXPECT_EQ(made.exit_code, 0) << made.err;
  return out;
}

json evaluated(const fs::path& model, const std::string& engine) {
  const Outcome e =
      run_program({"eval", "--model_name_or_path", model, "--dataset", tiny_data("test"), "--json",
                   "--max_new_tokens", "12", "--engine", engine});
  EXPECT_EQ(e.exit_code, 0) << e.err;
  return json::parse(e.out);
}

std::string generated(const fs::path& model, const std::string& engine) {
  const Outcome g = run_program({"generate", "--model_name_or_path", model, "--prompt", "the",
                                 "--max_new_tokens", "16", "--engine", engine});
  EXPECT_EQ(g.exit_code, 0) << g.err;
  return g.out;
}

json settings_of(const fs::path& model) { return json::parse(read_text(model / "roste.json")); }

void expect_refused(const Outcome& o, int exit_code, const std::string& begin) {
  EXPECT_EQ(o.exit_code, exit_code);
  EXPECT_EQ(o.err.substr(0, begin.size()), begin) << o.err;
  EXPECT_EQ(o.err.find('\n'), o.err.size() - 1) << o.err;
  EXPECT_EQ(o.out, "");
}

// Three ways to the same numbers: codes as integers, codes as floats, and the floats themselves.
// The engines round their sums differently, so that now and then one of the values that are
// quantized here falls to the other side of a border between codes; that moves the loss by little
// beside what quantizing all of them does.
TEST(Codes, EnginesAndFormatsGiveTheSameNumbers) {
  const Scratch scratch;
  const double exact = evaluated(tiny_model(), "float")["loss"];
  for (const Words& flags :
       {Words{"--rotations", "1111"}, Words{"--rotations", "0101", "--a_bits", "8"},
        Words{"--w_bits", "8", "--a_bits", "8", "--kv_bits", "8", "--a_symmetry", "symmetric"}}) {
    const std::string name = flags[1];
    const fs::path codes = quantized(scratch / ("codes" + name), tiny_model(), flags);
    const fs::path values = quantized(scratch / ("values" + name), tiny_model(),
                                      flags + Words{"--weights_format", "values"});
    EXPECT_EQ(settings_of(codes)["weights"], "codes");
    EXPECT_EQ(settings_of(values)["weights"], "effective");
    EXPECT_LT(fs::file_size(codes / "model.safetensors"),
              fs::file_size(values / "model.safetensors"));
    const json ints = evaluated(codes, "int"), floats = evaluated(codes, "float");
    EXPECT_EQ(ints, evaluated(codes, "auto"));
    EXPECT_EQ(floats, evaluated(values, "float"));
    EXPECT_EQ(floats, evaluated(values, "auto"));
    const double loss = floats["loss"];
    EXPECT_NEAR(ints["loss"].get<double>(), loss, 0.1 * std::abs(loss - exact));
    for (const char* rouge : {"rouge1", "rouge2", "rougeL", "rougeLsum"})
      EXPECT_EQ(ints[rouge], floats[rouge]) << rouge;
    EXPECT_EQ(generated(codes, "int"), generated(codes, "float"));
  }
}

// A model trained under quantizers has its codes already; writing them changes no bit of a loss.
TEST(Codes, OfATrainedModelAreThoseOfItsTraining) {
  const Scratch scratch;
  for (const std::string basis : {"master", "merged"}) {
    const fs::path run = scratch / ("run" + basis);
    const Outcome trained =
        run_program({"train", "--model_name_or_path", tiny_model(), "--dataset", tiny_data("train"),
                     "--method", "roste", "--rotations", "1111", "--train_basis", basis,
                     "--max_steps", "2", "--output_dir", run, "--quiet", "--max_new_tokens", "4"});
    ASSERT_EQ(trained.exit_code, 0) << trained.err;
    // Bits and rotations are the model's: those of the command line are of other methods.
    const fs::path codes =
        quantized(scratch / ("codes" + basis), run / "model", {"--method", "trained"});
    EXPECT_EQ(settings_of(codes)["rotation"], settings_of(run / "model")["rotation"]);
    EXPECT_EQ(evaluated(codes, "int")["loss"], evaluated(run / "model", "auto")["loss"]);

    expect_refused(run_program({"quantize", "--model_name_or_path", run / "model", "--output_dir",
                                scratch / "again"}),
                   3, "error: RO-11 ");
    expect_refused(run_program({"quantize", "--model_name_or_path", codes, "--method", "trained",
                                "--output_dir", scratch / "again"}),
                   3, "error: RO-13 ");
    EXPECT_FALSE(fs::exists(scratch / "again"));
  }
}

TEST(Codes, WithoutQuantizedWeightsAreValues) {
  const Scratch scratch;
  const fs::path model = quantized(scratch / "a4", tiny_model(), {"--w_bits", "16"});
  EXPECT_EQ(settings_of(model)["weights"], "effective");
}

TEST(Codes, WhatCannotBeMultipliedIsRefused) {
  const Scratch scratch;
  const auto with_int = [](const fs::path& model) {
    return run_program({"generate", "--model_name_or_path", model, "--prompt", "the", "--engine",
                        "int", "--max_new_tokens", "2"});
  };
  expect_refused(with_int(tiny_model()), 3, "error: QN-32 ");
  const fs::path a16 = quantized(scratch / "a16", tiny_model(), {"--a_bits", "16"});
  expect_refused(with_int(a16), 3, "error: QN-32 ");
  EXPECT_NE(generated(a16, "auto"), "");
  expect_refused(run_program({"quantize", "--model_name_or_path", tiny_model(), "--method",
                              "trained", "--output_dir", scratch / "again"}),
                 3, "error: RO-13 ");
  EXPECT_FALSE(fs::exists(scratch / "again"));
}

// Commands that do not multiply codes see the values that they stand for.
TEST(Codes, AreValuesForOtherCommands) {
  const Scratch scratch;
  const fs::path codes = quantized(scratch / "codes", tiny_model(), {});
  const fs::path values =
      quantized(scratch / "values", tiny_model(), {"--weights_format", "values"});
  const auto measured = [&](const fs::path& model) {
    return run_program(
        {"quantize", "--model_name_or_path", model, "--output_dir", scratch / "again"});
  };
  expect_refused(measured(codes), 3, "error: RO-11 ");
  expect_refused(measured(values), 3, "error: RO-11 ");
}

}  // namespace
}  // namespace trainer::test
