// LoRA and RoLoRA as commands: what `train` leaves, and `merge` makes of it.
#include <gmock/gmock.h>

#include <algorithm>
#include <functional>
#include <nlohmann/json.hpp>

#include "tests/program/program.h"

namespace trainer::test {
namespace {

using nlohmann::json;
// `train` with what `extra` does not say itself.
Outcome train(const fs::path& out, const Words& extra, const fs::path& model = tiny_model()) {
  Words words{
      "train",          "--model_name_or_path", model,          "--dataset", tiny_data("train"),
      "--eval_dataset", tiny_data("test"),      "--output_dir", out,         "--quiet"};
  const std::pair<const char*, const char*> usual[] = {
      {"--method", "rolora"}, {"--max_steps", "4"},     {"--lora_learning_rate", "1e-2"},
      {"--save_steps", "2"},  {"--rotation_seed", "3"}, {"--max_new_tokens", "2"}};
  for (const auto& [flag, value] : usual) {
    if (std::find(extra.begin(), extra.end(), flag) == extra.end())
      words = words + Words{flag, value};
  }
  return run_program(words + extra);
}

Outcome merge(const fs::path& adapters, const fs::path& out, const Words& extra = {},
              const fs::path& model = tiny_model()) {
  return run_program(Words{"merge", "--adapters", adapters, "--model_name_or_path", model,
                           "--output_dir", out, "--quiet", "--json"} +
                     extra);
}

json json_of(const fs::path& file) { return json::parse(read_text(file)); }
std::string weights(const fs::path& model) { return read_text(model / "model.safetensors"); }

const Words kFourBits{"--w_bits", "4", "--a_bits", "4", "--kv_bits", "4"};

TEST(Adapters, MergingGivesTheModelThatTheTrainingGave) {
  const Scratch scratch;
  const std::pair<const char*, const char*> methods[] = {{"lora", "0000"}, {"rolora", "1001"}};
  for (const auto& [method, rotations] : methods) {
    const fs::path out = scratch / method, merged = scratch / (std::string(method) + "-merged");
    const Outcome t = train(out, {"--method", method});
    ASSERT_EQ(t.exit_code, 0) << t.err;
    const json record = json_of(out / "adapters/adapter.json");
    EXPECT_EQ(record.at("rotation").at("layers").at(0), rotations);
    EXPECT_EQ(record.at("rotation").at("seed"), 3);
    EXPECT_EQ(record.at("rotation"), json_of(out / "rotation.json").at("rotation"));
    const Outcome m = merge(out / "adapters", merged, kFourBits);
    ASSERT_EQ(m.exit_code, 0) << m.err;
    const double difference = json::parse(m.out).at("max_relative_logit_difference");
    EXPECT_GT(difference, 0) << "adapters that do nothing";
    EXPECT_LT(difference, 1e-5);
    EXPECT_TRUE(weights(merged) == weights(out / "model")) << method;
    EXPECT_EQ(json_of(merged / "roste.json"), json_of(out / "model/roste.json"));
    EXPECT_FALSE(weights(merged) == weights(tiny_model()));
  }
}

// Without flags `merge` does not quantize; the merged model is as good as any other.
TEST(Adapters, AMergedModelEvaluates) {
  const Scratch scratch;
  ASSERT_EQ(
      train(scratch / "out", {"--w_bits", "16", "--a_bits", "16", "--kv_bits", "16"}).exit_code, 0);
  ASSERT_EQ(merge(scratch / "out/adapters", scratch / "merged").exit_code, 0);
  EXPECT_EQ(json_of(scratch / "merged/roste.json").at("quantization").at("weight").at("bits"), 16);
  const Outcome e = run_program({"eval", "--model_name_or_path", scratch / "merged", "--dataset",
                                 tiny_data("test"), "--max_new_tokens", "2", "--json"});
  ASSERT_EQ(e.exit_code, 0) << e.err;
  EXPECT_EQ(json::parse(e.out).at("loss"), json_of(scratch / "out/eval.json").at("loss"));
}

TEST(Adapters, FlagsDecideRankTargetsScaleAndBase) {
  const Scratch scratch;
  const auto adapters = [&](const std::string& name, const Words& extra) {
    const Outcome t = train(scratch / name, extra);
    EXPECT_EQ(t.exit_code, 0) << t.err;
    return scratch / name / "adapters";
  };
  const fs::path plain = adapters("plain", {});
  const json settings =
      json_of(adapters("other", {"--lora_r", "2", "--lora_alpha", "5", "--lora_targets",
                                 "down_proj,k_proj", "--seed", "9"}) /
              "adapter.json");
  EXPECT_EQ(settings.at("r"), 2);
  EXPECT_EQ(settings.at("alpha"), 5);
  EXPECT_EQ(settings.at("targets"), (json{"self_attn.k_proj", "mlp.down_proj"}));
  EXPECT_EQ(settings.at("seed"), 9);
  const fs::path quantized = adapters("quantized", {"--lora_base", "quantized"});
  EXPECT_FALSE(read_text(quantized / "adapter.safetensors") ==
               read_text(plain / "adapter.safetensors"));
  EXPECT_EQ(json_of(quantized / "adapter.json").at("rotated_base_xxh3_128"),
            json_of(plain / "adapter.json").at("rotated_base_xxh3_128"));
  EXPECT_EQ(json_of(scratch / "quantized/model/roste.json"),
            json_of(scratch / "plain/model/roste.json"));
}

// A run that was killed after step 2 of 4: its last checkpoint and all results are gone.
void lose_the_end(const fs::path& out) {
  for (const char* name : {"checkpoints/step-4", "model", "adapters", "eval.json"})
    fs::remove_all(out / name);
}

TEST(Adapters, AResumedRunHasTheSameBits) {
  const Scratch scratch;
  const Words own{"--llm_qat_sequences",     "4",   "--llm_qat_max_length", "8",
                  "--llm_qat_learning_rate", "1e-3"};
  for (const char* method : {"lora", "llm_qat"}) {
    const fs::path out = scratch / method;
    ASSERT_EQ(train(out, own + Words{"--method", method}).exit_code, 0);
    const std::string model = weights(out / "model");
    const std::string adapters = read_text(out / "adapters/adapter.safetensors");
    lose_the_end(out);
    const Outcome resumed = train(out, own + Words{"--method", method, "--resume"});
    ASSERT_EQ(resumed.exit_code, 0) << resumed.err;
    EXPECT_TRUE(weights(out / "model") == model) << method;
    const std::string log = read_text(out / "log.jsonl");
    EXPECT_EQ(std::ranges::count(log, '\n'), 4 + 2) << "it began at step 3, not at the first";
    EXPECT_TRUE(read_text(out / "adapters/adapter.safetensors") == adapters) << method;
  }
}

// Neither the base of adapters nor LLM-QAT's teacher is part of a checkpoint.
TEST(Adapters, CK11_AResumeBesideAnotherModelOrWithOtherSettingsIsRefused) {
  const Scratch scratch;
  const fs::path out = scratch / "out", other = scratch / "other";
  ASSERT_EQ(train(out, {}).exit_code, 0);
  ASSERT_EQ(train(other, {"--method", "sft"}).exit_code, 0);
  const auto refused = [&](const Words& extra, const std::string& named, const fs::path& model) {
    const Outcome r = train(out, extra + Words{"--resume"}, model);
    EXPECT_EQ(r.exit_code, 3);
    EXPECT_THAT(r.err, testing::StartsWith("error: CK-11 "));
    EXPECT_THAT(r.err, testing::HasSubstr(named));
  };
  refused({}, "model_xxh3_128", other / "model");
  refused({"--lora_r", "3"}, "adapters", tiny_model());
  refused({"--lora_base", "quantized"}, "adapters", tiny_model());
}

struct MergeRefusal {
  std::string name, code;
  std::function<void(const fs::path& adapters)> spoil;
  std::string mentions;
};
void PrintTo(const MergeRefusal& c, std::ostream* out) { *out << c.name; }

void change(const fs::path& file, const std::function<void(json&)>& edit) {
  json value = json_of(file);
  edit(value);
  write_text(file, value.dump());
}

const MergeRefusal kMergeRefusals[] = {
    {"AD01_NoAdapters", "AD-01", [](const fs::path& a) { fs::remove_all(a); }, "adapter.json"},
    {"AD01_NotJson", "AD-01",
     [](const fs::path& a) { write_text(a / "adapter.json", "{\"r\": 16,"); }, "adapter.json:1:"},
    {"AD01_NoScale", "AD-01",
     [](const fs::path& a) { change(a / "adapter.json", [](json& j) { j.erase("alpha"); }); },
     "adapter.json:/alpha"},
    {"AD01_EndlessRank", "AD-01",
     [](const fs::path& a) { change(a / "adapter.json", [](json& j) { j["r"] = 1L << 40; }); },
     "adapter.json:/r"},
    {"AD01_EndlessScale", "AD-01",
     [](const fs::path& a) { change(a / "adapter.json", [](json& j) { j["alpha"] = 1e300; }); },
     "adapter.json:/alpha"},
    {"AD02_AnotherBase", "AD-02",
     [](const fs::path& a) {
       change(a / "adapter.json", [](json& j) { j["base_xxh3_128"] = std::string(32, '0'); });
     },
     "base model"},
    {"AD03_AnotherSeed", "AD-03",
     [](const fs::path& a) {
       change(a / "adapter.json", [](json& j) { j["rotation"]["seed"] = 4; });
     },
     "rotated base"},
    {"AD04_TensorsCutShort", "AD-04",
     [](const fs::path& a) {
       fs::resize_file(a / "adapter.safetensors", fs::file_size(a / "adapter.safetensors") - 1);
     },
     "adapter.safetensors"},
    {"AD04_TensorsOfAnotherRank", "AD-04",
     [](const fs::path& a) { change(a / "adapter.json", [](json& j) { j["r"] = 2; }); }, "lora_A"},
};

// Adapters of the tiny model, trained once.
const fs::path& tiny_adapters() {
  static const fs::path directory = [] {
    const fs::path out = tiny_base() / "rolora";
    EXPECT_EQ(train(out, {"--max_steps", "1"}).exit_code, 0);
    return out / "adapters";
  }();
  return directory;
}

class MergeRefusals : public testing::TestWithParam<MergeRefusal> {};

TEST_P(MergeRefusals, OneLineTheExitCodeAndNothingWritten) {
  const Scratch scratch;
  const fs::path adapters = scratch / "adapters", out = scratch / "merged";
  fs::copy(tiny_adapters(), adapters, fs::copy_options::recursive);
  ASSERT_EQ(merge(adapters, scratch / "good").exit_code, 0);
  GetParam().spoil(adapters);
  const Outcome m = merge(adapters, out);
  EXPECT_EQ(m.exit_code, 3) << m.err;
  EXPECT_EQ(m.out, "");
  EXPECT_EQ(std::count(m.err.begin(), m.err.end(), '\n'), 1) << m.err;
  EXPECT_THAT(m.err, testing::StartsWith("error: " + GetParam().code + " "));
  EXPECT_THAT(m.err, testing::HasSubstr(GetParam().mentions));
  EXPECT_FALSE(fs::exists(out));
}

INSTANTIATE_TEST_SUITE_P(Cases, MergeRefusals, testing::ValuesIn(kMergeRefusals),
                         [](const auto& c) { return c.param.name; });

TEST(Adapters, AD02_AnotherModelIsNotTheirBase) {
  const Scratch scratch;
  ASSERT_EQ(train(scratch / "other", {"--method", "sft"}).exit_code, 0);
  const Outcome m = merge(tiny_adapters(), scratch / "merged", {}, scratch / "other/model");
  EXPECT_EQ(m.exit_code, 3);
  EXPECT_THAT(m.err, testing::StartsWith("error: AD-02 "));
  EXPECT_FALSE(fs::exists(scratch / "merged"));
}

TEST(Adapters, CL05_TheOutputOfMergeMustBeNew) {
  const Scratch scratch;
  for (const fs::path& out : {tiny_model(), tiny_adapters()})
    EXPECT_THAT(merge(tiny_adapters(), out).err, testing::StartsWith("error: CL-05 "));
}

}  // namespace
}  // namespace trainer::test
