// Models and data that are not what the commands usually meet.
#include <nlohmann/json.hpp>

#include "tests/program/program.h"

namespace trainer::test {
namespace {

using nlohmann::json;

TEST(Inputs, PlainTextHasALossAndNoRouge) {
  const Scratch scratch;
  write_text(scratch / "text.jsonl", "{\"text\":\"my cat is lost\"}\n{\"text\":\"so i quit\"}\n");
  const Outcome e = run_program({"eval", "--model_name_or_path", tiny_model(), "--dataset",
                                 scratch / "text.jsonl", "--json"});
  ASSERT_EQ(e.exit_code, 0) << e.err;
  const json result = json::parse(e.out);
  EXPECT_TRUE(result.at("loss").is_number());
  EXPECT_TRUE(result.at("rouge1").is_null());
  const Outcome t =
      run_program({"train", "--method", "ste", "--model_name_or_path", tiny_model(), "--dataset",
                   scratch / "text.jsonl", "--output_dir", scratch / "out", "--max_steps", "2"});
  EXPECT_EQ(t.exit_code, 0) << t.err;
}

// The base model's context is 256 positions: generations end there.
TEST(Inputs, GenerationsEndWithTheContext) {
  const Outcome e =
      run_program({"eval", "--model_name_or_path", tiny_model(), "--dataset", tiny_data("test"),
                   "--max_samples", "2", "--max_new_tokens", "100000", "--json"});
  EXPECT_EQ(e.exit_code, 0) << e.err;
  const Outcome g = run_program({"generate", "--model_name_or_path", tiny_model(), "--prompt",
                                 "my cat", "--max_new_tokens", "300"});
  EXPECT_EQ(g.exit_code, 2);
  EXPECT_EQ(g.err.rfind("error: CL-03 ", 0), 0u) << g.err;
}

json search(const fs::path& model) {
  const Outcome s = run_program({"search", "--model_name_or_path", model, "--dataset",
                                 tiny_data("train"), "--calibration_samples", "8", "--json"});
  EXPECT_EQ(s.exit_code, 0) << s.err;
  return json::parse(s.out);
}

// Calibration sees the full-precision model, whatever roste.json says about R2, R3 and quantizers.
TEST(Inputs, SearchDoesNotDependOnTheModelsPlan) {
  const Scratch scratch;
  const fs::path rotated = scratch / "rotated";
  ASSERT_EQ(run_program({"rotate", "--model_name_or_path", tiny_model(), "--rotations", "0110",
                         "--output_dir", rotated})
                .exit_code,
            0);
  json roste = json::parse(read_text(rotated / "roste.json"));
  for (const char* which : {"weight", "activation", "kv"}) roste["quantization"][which]["bits"] = 3;
  write_text(rotated / "roste.json", roste.dump());
  const json plain = search(tiny_model()).at("objectives"),
             planned = search(rotated).at("objectives");
  for (const auto& [mask, value] : plain.items()) {
    EXPECT_NEAR(planned.at(mask).get<double>(), value.get<double>(), 1e-5 * value.get<double>())
        << mask;
  }
}

TEST(Inputs, RotatingAQuantizedAwareModelKeepsItsQuantizers) {
  const Scratch scratch;
  ASSERT_EQ(run_program({"train", "--method", "ste", "--w_bits", "3", "--model_name_or_path",
                         tiny_model(), "--dataset", tiny_data("train"), "--output_dir",
                         scratch / "ste", "--max_steps", "2"})
                .exit_code,
            0);
  const Outcome r = run_program({"rotate", "--model_name_or_path", scratch / "ste" / "model",
                                 "--rotations", "1111", "--output_dir", scratch / "rotated"});
  ASSERT_EQ(r.exit_code, 0) << r.err;
  const json roste = json::parse(read_text(scratch / "rotated" / "roste.json"));
  EXPECT_EQ(roste.at("quantization").at("weight").at("bits"), 3);
  EXPECT_EQ(roste.at("rotation").at("layers")[0], "1111");
}

TEST(Inputs, RO11_ARotatedOrQuantizedModelIsNotRotatedAgain) {
  const Scratch scratch;
  ASSERT_EQ(run_program({"rotate", "--model_name_or_path", tiny_model(), "--rotations", "1000",
                         "--output_dir", scratch / "r1"})
                .exit_code,
            0);
  ASSERT_EQ(run_program(
                {"quantize", "--model_name_or_path", tiny_model(), "--output_dir", scratch / "rtn"})
                .exit_code,
            0);
  for (const char* model : {"r1", "rtn"}) {
    const Outcome refused = run_program(
        {"search", "--model_name_or_path", scratch / model, "--dataset", tiny_data("train")});
    EXPECT_EQ(refused.exit_code, 3);
    EXPECT_EQ(refused.err.rfind("error: RO-11 ", 0), 0u) << refused.err;
  }
}

}  // namespace
}  // namespace trainer::test
