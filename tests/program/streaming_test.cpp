// rotate and quantize from files to files: types, shards, what is said, and nothing half written.
#include <cstdint>
#include <cstring>

#include <nlohmann/json.hpp>

#include "tests/program/program.h"

namespace trainer::test {
namespace {

using nlohmann::json;

json json_of(const Words& words) {
  const Outcome r = run_program(words + Words{"--json"});
  EXPECT_EQ(r.exit_code, 0) << r.err;
  return r.exit_code == 0 ? json::parse(r.out) : json();
}

double loss_of(const fs::path& model) {
  return json_of({"eval", "--model_name_or_path", model, "--dataset", tiny_data("test"),
                  "--max_new_tokens", "4"})
      .at("loss");
}

json header_of(const fs::path& file) {
  const std::string bytes = read_text(file);
  std::uint64_t length = 0;
  std::memcpy(&length, bytes.data(), 8);
  return json::parse(bytes.substr(8, length));
}

// The tiny model in bfloat16, folded.
fs::path narrow_model(const fs::path& directory) {
  json_of({"rotate", "--model_name_or_path", tiny_model(), "--rotations", "0000", "--save_dtype",
           "bfloat16", "--output_dir", directory});
  return directory;
}

TEST(Streaming, TypesAreThoseOfTheSourceUnlessOneIsAskedFor) {
  const Scratch scratch;
  const fs::path narrow = narrow_model(scratch / "narrow");
  const Words rotate = {"rotate", "--model_name_or_path", narrow, "--output_dir"};
  const json kept = json_of(rotate + Words{scratch / "kept"});
  const json wide = json_of(rotate + Words{scratch / "wide", "--save_dtype", "float32"});
  EXPECT_EQ(kept.at("save_dtype"), "BF16");
  EXPECT_EQ(wide.at("save_dtype"), "F32");
  for (const auto& [name, type, torch] :
       {std::tuple("kept", "BF16", "bfloat16"), std::tuple("wide", "F32", "float32")}) {
    const json header = header_of(scratch / name / "model.safetensors");
    for (const auto& [tensor, info] : header.items()) {
      if (tensor == "__metadata__") continue;
      EXPECT_EQ(info.at("dtype"), type) << tensor;
    }
    EXPECT_EQ(json::parse(read_text(scratch / name / "config.json")).at("torch_dtype"), torch);
  }
  EXPECT_LT(kept.at("max_relative_logit_difference"), 1e-4);
  EXPECT_GT(kept.at("stored_logit_difference"), 1e-4);
  EXPECT_LT(kept.at("stored_logit_difference"), kept.at("accepted_stored_logit_difference"));
  EXPECT_EQ(wide.at("stored_logit_difference"), wide.at("max_relative_logit_difference"));
  const double loss = loss_of(narrow);
  EXPECT_NEAR(loss_of(scratch / "wide"), loss, 1e-4 * loss);
  EXPECT_NEAR(loss_of(scratch / "kept"), loss, 1e-2 * loss);
  EXPECT_NE(loss_of(scratch / "kept"), loss_of(scratch / "wide"));
}

TEST(Streaming, ShardsAreTheSameModel) {
  const Scratch scratch;
  for (const char* command : {"rotate", "quantize"}) {
    const Words words = {command, "--model_name_or_path", tiny_model(), "--rotations",
                         "1111",  "--output_dir"};
    const fs::path one = scratch / (std::string(command) + "1"),
                   many = scratch / (std::string(command) + "n");
    json_of(words + Words{one});
    json_of(words + Words{many, "--max_shard_size", "20KB"});
    EXPECT_FALSE(fs::exists(one / "model.safetensors.index.json"));
    EXPECT_FALSE(fs::exists(many / "model.safetensors"));
    EXPECT_TRUE(fs::exists(many / "model-00002-of-00002.safetensors") ||
                fs::exists(many / "model.safetensors.index.json"));
    EXPECT_EQ(loss_of(one), loss_of(many));
  }
}

// Codes are not rounded to the type of the other tensors; what they stand for is.
TEST(Streaming, CodesAreTheValuesInFloat32) {
  const Scratch scratch;
  const Words words = {"quantize", "--model_name_or_path", tiny_model(), "--rotations",
                       "1111",     "--save_dtype",         "float32",    "--output_dir"};
  for (const char* clip : {"none", "mse"}) {
    const fs::path codes = scratch / (std::string(clip) + "c"),
                   values = scratch / (std::string(clip) + "v");
    json_of(words + Words{codes, "--gptq_clip", clip});
    json_of(words + Words{values, "--gptq_clip", clip, "--weights_format", "values"});
    EXPECT_TRUE(
        header_of(codes / "model.safetensors").contains("model.layers.0.mlp.up_proj.weight_codes"));
    const auto loss = [](const fs::path& model) {
      return json_of({"eval", "--model_name_or_path", model, "--dataset", tiny_data("test"),
                      "--max_new_tokens", "4", "--engine", "float"})
          .at("loss");
    };
    EXPECT_EQ(loss(codes), loss(values));
  }
}

TEST(Streaming, RO11_CodesAreNotRotated) {
  const Scratch scratch;
  const fs::path codes = scratch / "codes";
  json_of({"quantize", "--model_name_or_path", tiny_model(), "--output_dir", codes});
  for (const char* command : {"rotate", "quantize"}) {
    const Outcome r =
        run_program({command, "--model_name_or_path", codes, "--output_dir", scratch / "out"});
    EXPECT_EQ(r.exit_code, 3) << r.err;
    EXPECT_NE(r.err.find("RO-11"), std::string::npos) << r.err;
  }
}

TEST(Streaming, SaysWhatItTookAndWhatItRounded) {
  const Scratch scratch;
  for (const char* command : {"rotate", "quantize"}) {
    const Words words = {command,   "--model_name_or_path", tiny_model(), "--save_dtype",
                         "float16", "--output_dir"};
    const json result = json_of(words + Words{scratch / (std::string(command) + "j")});
    EXPECT_GT(result.at("peak_resident_bytes"), 1 << 20);
    EXPECT_GT(result.at("share_of_float32"), 0);
    EXPECT_EQ(result.at("written_bytes").get<std::uintmax_t>() % 2, 0u);
    const json& head = result.at("rounding").at("head");
    EXPECT_GT(head.at("rms_relative"), 0);
    EXPECT_GT(head.at("largest_relative"), head.at("rms_relative"));
    // Half a step of float16; a subnormal number, below 6e-5, may be rounded by more of itself.
    EXPECT_LE(head.at("rms_relative"), 1.0 / 2048);
    const Outcome plain = run_program(words + Words{scratch / (std::string(command) + "p")});
    EXPECT_NE(plain.out.find("peak memory"), std::string::npos) << plain.out;
    EXPECT_NE(plain.out.find("F16"), std::string::npos) << plain.out;
    EXPECT_NE(plain.out.find("of the largest logit"), std::string::npos) << plain.out;
    EXPECT_NE(plain.err.find("MB"), std::string::npos) << plain.err;
  }
}

TEST(Streaming, AModelOfZerosIsRotatedAndQuantized) {
  const Scratch scratch;
  const fs::path zeros = scratch / "zeros";
  fs::copy(tiny_model(), zeros, fs::copy_options::recursive);
  std::string bytes = read_text(zeros / "model.safetensors");
  std::uint64_t header = 0;
  std::memcpy(&header, bytes.data(), 8);
  std::fill(bytes.begin() + 8 + static_cast<std::ptrdiff_t>(header), bytes.end(), '\0');
  write_text(zeros / "model.safetensors", bytes);
  for (const char* command : {"rotate", "quantize"}) {
    const json result = json_of({command, "--model_name_or_path", zeros, "--rotations", "1111",
                                 "--output_dir", scratch / command});
    EXPECT_EQ(result.at("max_relative_logit_difference"), 0);
    EXPECT_EQ(result.at("stored_logit_difference"), 0);
  }
}

TEST(Streaming, QN40_WhatFloat16CannotHoldIsNotSaved) {
  const Scratch scratch;
  const fs::path large = scratch / "large", out = scratch / "out";
  fs::copy(tiny_model(), large, fs::copy_options::recursive);
  std::string bytes = read_text(large / "model.safetensors");
  std::uint64_t header = 0;
  std::memcpy(&header, bytes.data(), 8);
  const std::size_t begin = header_of(large / "model.safetensors")
                                .at("model.layers.1.mlp.down_proj.weight")
                                .at("data_offsets")
                                .at(0);
  const float value = 1e6f;
  std::memcpy(bytes.data() + 8 + header + begin, &value, 4);
  write_text(large / "model.safetensors", bytes);
  const Outcome r = run_program({"rotate", "--model_name_or_path", large, "--rotations", "0000",
                                 "--save_dtype", "float16", "--output_dir", out});
  EXPECT_EQ(r.exit_code, 5) << r.err;
  EXPECT_NE(r.err.find("QN-40"), std::string::npos) << r.err;
  EXPECT_FALSE(fs::exists(out));
  for (const auto& entry : fs::directory_iterator(scratch / "."))
    EXPECT_EQ(entry.path().filename().string().find(".tmp"), std::string::npos) << entry;
}

TEST(Streaming, CL04_OtherMethodsWriteOneFileOfFloat32) {
  const Scratch scratch;
  for (const Words& flag : {Words{"--save_dtype", "bfloat16"}, Words{"--max_shard_size", "1MB"}}) {
    const Outcome r =
        run_program(Words{"quantize", "--method", "gptq", "--model_name_or_path", tiny_model(),
                          "--dataset", tiny_data("train"), "--output_dir", scratch / "out"} +
                    flag);
    EXPECT_EQ(r.exit_code, 2) << r.err;
    EXPECT_NE(r.err.find("CL-04 " + flag[0]), std::string::npos) << r.err;
    EXPECT_FALSE(fs::exists(scratch / "out"));
  }
}

}  // namespace
}  // namespace trainer::test
