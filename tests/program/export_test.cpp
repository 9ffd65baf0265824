// `export`: what is written computes what it was written from, and what cannot be carried is
// refused.
#include <nlohmann/json.hpp>

#include "reference_trainer/io/safetensors.h"
#include "tests/program/program.h"

namespace trainer::test {
namespace {

using nlohmann::json;

Outcome exported(const fs::path& model, const fs::path& to, const Words& more) {
  return run_program(Words{"export", "--model_name_or_path", model, "--output_dir", to} + more);
}

fs::path quantized(const Scratch& scratch, const std::string& rotations, const Words& more = {}) {
  const fs::path to = scratch / ("quantized-" + rotations);
  const Outcome q = run_program(Words{"quantize", "--model_name_or_path", tiny_model(),
                                      "--rotations", rotations, "--output_dir", to, "--quiet"} +
                                more);
  EXPECT_EQ(q.exit_code, 0) << q.err;
  return to;
}

double loss(const fs::path& model) {
  const Outcome e = run_program({"eval", "--model_name_or_path", model, "--dataset",
                                 tiny_data("test"), "--json", "--max_new_tokens", "1", "--quiet"});
  EXPECT_EQ(e.exit_code, 0) << e.err;
  return json::parse(e.out).at("loss").get<double>();
}

void expect_refused(const Outcome& o, const std::string& code, const fs::path& to) {
  EXPECT_NE(o.exit_code, 0);
  EXPECT_EQ(o.err.rfind("error: " + code + " ", 0), 0u) << o.err;
  EXPECT_EQ(std::count(o.err.begin(), o.err.end(), '\n'), 1) << o.err;
  EXPECT_FALSE(fs::exists(to));
}

// Under all rotations, one of which stands in the stored codes and acts online: the exported
// directory has none, and is a plain model.
TEST(Export, HfComputesTheSameFunctionWithoutRotations) {
  const Scratch scratch;
  const fs::path from = quantized(scratch, "1111", {"--a_bits", "16", "--kv_bits", "16"});
  const fs::path to = scratch / "hf";
  const Outcome o = exported(from, to, {"--format", "hf"});
  ASSERT_EQ(o.exit_code, 0) << o.err;
  EXPECT_NE(o.err.find("note: R4 was turned back"), std::string::npos) << o.err;
  EXPECT_FALSE(fs::exists(to / "roste.json"));
  EXPECT_TRUE(fs::exists(to / "tokenizer.json"));
  EXPECT_EQ(SafetensorsFile::open(to / "model.safetensors").metadata().at("format"), "pt");
  EXPECT_NEAR(loss(to), loss(from), 1e-5);
  EXPECT_GT(std::abs(loss(to) - loss(tiny_model())), 1e-4);  // quantized weights, not the base's
}

TEST(Export, HfHasTheTypeThatIsAskedFor) {
  const Scratch scratch;
  const std::pair<const char*, DType> types[] = {
      {"float32", DType::kF32}, {"bfloat16", DType::kBF16}, {"float16", DType::kF16}};
  for (const auto& [word, type] : types) {
    const fs::path to = scratch / word;
    ASSERT_EQ(exported(tiny_model(), to, {"--format", "hf", "--save_dtype", word}).exit_code, 0);
    const SafetensorsFile file = SafetensorsFile::open(to / "model.safetensors");
    for (const auto& [name, info] : file.tensors()) EXPECT_EQ(info.dtype, type) << name;
    EXPECT_EQ(json::parse(read_text(to / "config.json")).at("torch_dtype"), word);
    EXPECT_NEAR(loss(to), loss(tiny_model()), word == std::string("float32") ? 0.0 : 0.05);
  }
}

TEST(Export, CompressedTensorsHasCodesAndSaysWhatActsOnline) {
  const Scratch scratch;
  const fs::path from = quantized(scratch, "1101"), to = scratch / "ct";
  const Outcome o = exported(from, to, {"--format", "compressed-tensors", "--json"});
  ASSERT_EQ(o.exit_code, 0) << o.err;
  EXPECT_EQ(json::parse(o.out).at("notes").size(), 3u) << o.out;  // activations, cache, R4
  const SafetensorsFile file = SafetensorsFile::open(to / "model.safetensors");
  const std::string down = "model.layers.1.mlp.down_proj";
  EXPECT_EQ(file.tensors().at(down + ".weight_packed").shape, (std::vector<std::int64_t>{32, 7}));
  EXPECT_EQ(file.tensors().at(down + ".weight_scale").shape, (std::vector<std::int64_t>{32, 1}));
  EXPECT_EQ(file.tensors().at(down + ".weight_zero_point").shape,
            (std::vector<std::int64_t>{4, 1}));
  EXPECT_EQ(file.tensors().at(down + ".R4_1_input.weight").shape,
            (std::vector<std::int64_t>{56, 56}));
  EXPECT_FALSE(file.tensors().contains(down + ".weight"));
  const json q = json::parse(read_text(to / "config.json")).at("quantization_config");
  EXPECT_EQ(q.at("format"), "pack-quantized");
  EXPECT_EQ(q.at("/config_groups/group_0/weights/num_bits"_json_pointer), 4);
  EXPECT_EQ(q.at("/config_groups/group_0/input_activations/num_bits"_json_pointer), 4);
  EXPECT_EQ(q.at("/transform_config/config_groups/R4_1/type"_json_pointer), "random-hadamard");
  EXPECT_TRUE(fs::exists(to / "README.md"));
  expect_refused(exported(to, scratch / "again", {"--format", "hf"}), "CF-09", scratch / "again");
}

// A symmetric or clipped quantizer of activations is another one there, so it is left out.
TEST(Export, CompressedTensorsCarriesNoQuantizerThatItWouldCompute) {
  const Scratch scratch;
  const fs::path from = quantized(scratch, "0000", {"--a_symmetry", "symmetric"});
  const auto inputs = [&](const fs::path& model, const char* name, const Words& more) {
    const Outcome o =
        exported(model, scratch / name, Words{"--format", "compressed-tensors"} + more);
    EXPECT_EQ(o.exit_code, 0) << o.err;
    EXPECT_NE(o.err.find("note: Activations are"), std::string::npos) << o.err;
    return json::parse(read_text(scratch / name / "config.json"))
        .at("/quantization_config/config_groups/group_0/input_activations"_json_pointer);
  };
  EXPECT_TRUE(inputs(from, "symmetric", {}).is_null());
  const fs::path clipped = quantized(scratch, "1000", {"--a_clip_ratio", "0.9"});
  EXPECT_TRUE(inputs(clipped, "clipped", {}).is_null());
  const fs::path plain = quantized(scratch, "1100");
  EXPECT_FALSE(inputs(plain, "carried", {}).is_null());
  EXPECT_TRUE(inputs(plain, "left", {"--export_activations", "left_out"}).is_null());
}

TEST(Export, GgufIsWrittenWithItsTokenizerAsFarAsItGoes) {
  const Scratch scratch;
  const fs::path to = scratch / "gguf";
  const Outcome o = exported(tiny_model(), to, {"--format", "gguf"});
  ASSERT_EQ(o.exit_code, 0) << o.err;
  EXPECT_NE(o.err.find("note: GGUF knows no tokenizer of whole words"), std::string::npos) << o.err;
  const std::string bytes = read_text(to / "model.gguf");
  EXPECT_EQ(bytes.substr(0, 8), std::string("GGUF\x03\0\0\0", 8));
  EXPECT_NE(bytes.find("llama.attention.head_count_kv"), std::string::npos);
  EXPECT_NE(bytes.find("blk.1.ffn_down.weight"), std::string::npos);
}

TEST(Export, Refusals) {
  const Scratch scratch;
  const fs::path to = scratch / "to", codes = quantized(scratch, "1101");
  const Words ct{"--format", "compressed-tensors"}, gguf{"--format", "gguf"};
  expect_refused(exported(tiny_model(), to, ct), "EX-03", to);
  expect_refused(exported(tiny_model(), to, gguf + Words{"--gguf_type", "q8_0"}), "EX-05", to);
  expect_refused(exported(codes, to, gguf + Words{"--gguf_type", "q4_1"}), "EX-02", to);
  const Words hf{"--format", "hf"}, of_weights{"--export_weights", "quantized"};
  expect_refused(exported(tiny_model(), to, hf + of_weights), "EX-03", to);
  expect_refused(exported(tiny_model(), to, {}), "CL-09", to);
  expect_refused(exported(tiny_model(), to, hf + Words{"--gguf_type", "q8_0"}), "CL-04", to);
  expect_refused(exported(codes, to, ct + of_weights), "CL-04", to);
  expect_refused(exported(codes, to, gguf + Words{"--save_dtype", "float16"}), "CL-04", to);
  expect_refused(exported(codes, to, gguf + Words{"--export_activations", "left_out"}), "CL-04",
                 to);
}

// Values whose scales were clipped do not give their codes back.
TEST(Export, EX03_ValuesThatNoCodesAreKnownOf) {
  const Scratch scratch;
  const Words values{"--weights_format", "values", "--w_clip_ratio", "0.9"};
  const fs::path from = quantized(scratch, "0000", values), to = scratch / "to";
  expect_refused(exported(from, to, {"--format", "compressed-tensors"}), "EX-03", to);
}

TEST(Export, EX04_ARangeFarFromZero) {
  const Scratch scratch;
  const fs::path from = quantized(scratch, "0000", {"--w_bits", "8"}), to = scratch / "to";
  fs::path copy = scratch / "far";
  fs::copy(from, copy);
  json roste = json::parse(read_text(from / "roste.json"));
  roste["quantization"]["weight"]["range"] = "tight";
  write_text(copy / "roste.json", roste.dump());
  // The zero point of the first row, far outside: -1000.
  const SafetensorsFile file = SafetensorsFile::open(from / "model.safetensors");
  std::string bytes = read_text(from / "model.safetensors");
  const auto& info = file.tensors().at("model.layers.0.self_attn.q_proj.weight_zero");
  std::uint64_t header = 0;
  std::memcpy(&header, bytes.data(), sizeof header);
  const std::int32_t zero = -1000;
  std::memcpy(bytes.data() + 8 + header + info.begin, &zero, sizeof zero);
  write_text(copy / "model.safetensors", bytes);
  expect_refused(exported(copy, to, {"--format", "compressed-tensors"}), "EX-04", to);
}

// llama.cpp has frequencies of their own for Llama alone; a file without them would be another
// model.
TEST(Export, EX01_ScaledRopeInGguf) {
  const Scratch scratch;
  const fs::path model = scratch / "scaled", to = scratch / "to";
  fs::copy(tiny_model(), model);
  json config = json::parse(read_text(model / "config.json"));
  config["rope_scaling"] = {{"rope_type", "llama3"},
                            {"factor", 8.0},
                            {"low_freq_factor", 1.0},
                            {"high_freq_factor", 4.0},
                            {"original_max_position_embeddings", 32}};
  write_text(model / "config.json", config.dump());
  EXPECT_EQ(exported(model, to, {"--format", "hf"}).exit_code, 0);
  EXPECT_EQ(json::parse(read_text(to / "config.json"))["rope_scaling"], config["rope_scaling"]);
  ASSERT_EQ(exported(model, scratch / "gguf", {"--format", "gguf"}).exit_code, 0);
  EXPECT_NE(read_text(scratch / "gguf" / "model.gguf").find("rope_freqs.weight"),
            std::string::npos);
}

TEST(Export, EX01_ScaledRopeOfQwen2InGguf) {
  const Scratch scratch;
  const fs::path golden = fs::path(ROSTE_SOURCE_DIR) / "tests/golden", model = scratch / "qwen2";
  fs::copy(golden / "family_qwen2_untied", model);
  write_text(model / "tokenizer.json", R"({"added_tokens": [], "normalizer": null,
    "pre_tokenizer": null, "post_processor": null, "decoder": null,
    "model": {"type": "BPE", "vocab": {"a": 0, "b": 1, "ab": 2}, "merges": ["a b"]}})");
  json config = json::parse(read_text(model / "config.json"));
  config.erase("rope_parameters");
  config["rope_theta"] = 10000.0;
  config["rope_scaling"] = {{"rope_type", "llama3"},
                            {"factor", 8.0},
                            {"low_freq_factor", 1.0},
                            {"high_freq_factor", 4.0},
                            {"original_max_position_embeddings", 32}};
  write_text(model / "config.json", config.dump());
  expect_refused(exported(model, scratch / "to", {"--format", "gguf"}), "EX-01", scratch / "to");
}

TEST(Export, EX01_FoldedGptNeox) {
  const Scratch scratch;
  const fs::path base = scratch / "base", folded = scratch / "folded", to = scratch / "to";
  ASSERT_EQ(run_program({"pretrain", "--output_dir",        base, "--hidden_size",
                         "32",       "--intermediate_size", "64", "--num_hidden_layers",
                         "1",        "--max_steps",         "1",  "--pretraining_documents",
                         "8",        "--train_samples",     "8",  "--validation_samples",
                         "2",        "--test_samples",      "2",  "--quiet"})
                .exit_code,
            0);
  ASSERT_EQ(exported(base / "model", scratch / "neox", {"--format", "gguf"}).exit_code, 0);
  ASSERT_EQ(run_program({"quantize", "--model_name_or_path", base / "model", "--output_dir", folded,
                         "--quiet"})
                .exit_code,
            0);
  expect_refused(exported(folded, to, {"--format", "gguf"}), "EX-01", to);
  expect_refused(exported(folded, to, {"--format", "compressed-tensors"}), "EX-01", to);
  const Outcome hf = exported(folded, to, {"--format", "hf"});
  EXPECT_EQ(hf.exit_code, 0) << hf.err;
  EXPECT_NE(hf.err.find("only reference_trainer reads it"), std::string::npos) << hf.err;
}

}  // namespace
}  // namespace trainer::test
