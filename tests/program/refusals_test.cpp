// Bad input as a user meets it: one clear line on stderr, the documented exit code, nothing
// written.
#include <cstdint>
#include <cstring>
#include <functional>

#include "tests/program/program.h"

namespace trainer::test {
namespace {

// A copy of the tiny model that a case may spoil, and a place for output that must stay absent.
struct Stage {
  Scratch scratch;
  fs::path model = scratch / "model", data = scratch / "data.jsonl", output = scratch / "output";
  Stage() {
    fs::copy(tiny_model(), model, fs::copy_options::recursive);
    fs::copy(tiny_data("train"), data);
  }
  fs::path weights() const { return model / "model.safetensors"; }
  fs::path config() const { return model / "config.json"; }
  fs::path tokenizer() const { return model / "tokenizer.json"; }

  void replace(const fs::path& file, const std::string& from, const std::string& to) const {
    std::string text = read_text(file);
    const std::size_t at = text.find(from);
    ASSERT_NE(at, std::string::npos) << from;
    write_text(file, text.replace(at, from.size(), to));
  }
  // Changes the JSON header of the weights, whose length is kept by padding.
  void replace_in_header(const std::string& from, const std::string& to) const {
    std::string bytes = read_text(weights());
    std::uint64_t length = 0;
    std::memcpy(&length, bytes.data(), 8);
    std::string header = bytes.substr(8, length);
    const std::size_t at = header.find(from);
    ASSERT_NE(at, std::string::npos) << from;
    header.replace(at, from.size(), to);
    length = header.size();
    std::string out(8, '\0');
    std::memcpy(out.data(), &length, 8);
    write_text(weights(), out + header + bytes.substr(8 + read_length(bytes)));
  }

 private:
  static std::uint64_t read_length(const std::string& bytes) {
    std::uint64_t length = 0;
    std::memcpy(&length, bytes.data(), 8);
    return length;
  }
};

struct Refusal {
  std::string name, code;
  int exit_code;
  std::function<void(Stage&)> spoil;
  std::vector<std::string> extra;  // further arguments
  std::string mentions;            // what the line must name
};
void PrintTo(const Refusal& c, std::ostream* out) { *out << c.name; }

const Refusal kRefusals[] = {
    {"ST01_FileOfSevenBytes",
     "ST-01",
     3,
     [](Stage& s) { write_text(s.weights(), "1234567"); },
     {},
     "7"},
    {"ST05_OffsetsDifferFromShape",
     "ST-05",
     3,
     [](Stage& s) { s.replace_in_header("\"shape\":[32]", "\"shape\":[31]"); },
     {},
     "31"},
    {"ST07_ShapeOverflows",
     "ST-07",
     3,
     [](Stage& s) { s.replace_in_header("\"shape\":[32]", "\"shape\":[2,18446744073709551614]"); },
     {},
     "18446744073709551614"},
    {"ST12_FileShortByOneByte",
     "ST-12",
     3,
     [](Stage& s) { fs::resize_file(s.weights(), fs::file_size(s.weights()) - 1); },
     {},
     "model.safetensors"},
    {"ST20_ShardOutsideTheDirectory",
     "ST-20",
     3,
     [](Stage& s) {
       fs::remove(s.weights());
       write_text(s.model / "model.safetensors.index.json",
                  R"({"metadata":{},"weight_map":{"model.norm.weight":"../x.safetensors"}})");
     },
     {},
     "../x.safetensors"},
    {"ST22_ShardMissing",
     "ST-22",
     3,
     [](Stage& s) {
       fs::remove(s.weights());
       write_text(
           s.model / "model.safetensors.index.json",
           R"({"metadata":{},"weight_map":{"model.norm.weight":"model-00001-of-00002.safetensors"}})");
     },
     {},
     "model-00001-of-00002.safetensors"},
    {"ST23_TensorMissing",
     "ST-23",
     3,
     [](Stage& s) { s.replace_in_header("model.norm.weight", "model.norm.other"); },
     {},
     "model.norm.weight"},
    {"ST24_WeightIsNaN",
     "ST-24",
     3,
     [](Stage& s) {
       std::string bytes = read_text(s.weights());
       const float nan = std::numeric_limits<float>::quiet_NaN();
       std::memcpy(bytes.data() + bytes.size() - 4, &nan, 4);
       write_text(s.weights(), bytes);
     },
     {},
     "nan"},
    {"CF02_KeyMissing",
     "CF-02",
     3,
     [](Stage& s) { s.replace(s.config(), "\"hidden_size\"", "\"hidden_sizes\""); },
     {},
     "/hidden_size"},
    {"CF05_NoHeads",
     "CF-05",
     3,
     [](Stage& s) {
       s.replace(s.config(), "\"num_attention_heads\": 4", "\"num_attention_heads\": 0");
     },
     {},
     "/num_attention_heads"},
    {"CF06_HeadsDoNotDivide",
     "CF-06",
     3,
     [](Stage& s) {
       s.replace(s.config(), "\"head_dim\": 8,", "");
       s.replace(s.config(), "\"num_attention_heads\": 4", "\"num_attention_heads\": 5");
     },
     {},
     "5"},
    {"CF09_UnknownArchitecture",
     "CF-09",
     3,
     [](Stage& s) { s.replace(s.config(), "LlamaForCausalLM", "MambaForCausalLM"); },
     {},
     "MambaForCausalLM"},
    {"TK01_UnknownPreTokenizer",
     "TK-01",
     3,
     [](Stage& s) { s.replace(s.tokenizer(), "WhitespaceSplit", "Metaspace"); },
     {},
     "/pre_tokenizer"},
    {"DS01_BadJson",
     "DS-01",
     3,
     [](Stage& s) {
       write_text(s.data, "{\"prompt\":\"a\",\"completion\":\"b\"}\n{\"prompt\":\n");
     },
     {},
     ":2"},
    {"DS02_EmptyFile", "DS-02", 3, [](Stage& s) { write_text(s.data, "\n\n"); }, {}, "data.jsonl"},
    {"DS04_NullField",
     "DS-04",
     3,
     [](Stage& s) { write_text(s.data, "{\"prompt\":\"a\",\"completion\":null}\n"); },
     {},
     "/completion"},
    {"DS08_NoTargetLeft",
     "DS-08",
     3,
     [](Stage& s) { write_text(s.data, "{\"prompt\":\"a\",\"completion\":\"\"}\n"); },
     {},
     "data.jsonl"},
    {"CL01_UnknownFlag", "CL-01", 2, [](Stage&) {}, {"--learning_rat", "1e-3"}, "--learning_rate"},
    {"CL02_NotANumber", "CL-02", 2, [](Stage&) {}, {"--learning_rate", "nan"}, "nan"},
    {"CL05_OutputNotEmpty",
     "CL-05",
     2,
     [](Stage& s) {
       fs::create_directories(s.output);
       write_text(s.output / "mine", "");
     },
     {},
     "output"},
    {"CK12_NothingToResume", "CK-12", 3, [](Stage&) {}, {"--resume"}, "output"},
};

class Refusals : public testing::TestWithParam<Refusal> {};

TEST_P(Refusals, OneLineTheExitCodeAndNothingWritten) {
  const Refusal& c = GetParam();
  Stage stage;
  c.spoil(stage);
  const bool had_output = fs::exists(stage.output);
  std::vector<std::string> arguments{
      "train",    "--method",     "sft",        "--model_name_or_path", stage.model, "--dataset",
      stage.data, "--output_dir", stage.output, "--max_steps",          "2",         "--quiet"};
  arguments.insert(arguments.end(), c.extra.begin(), c.extra.end());
  const Outcome outcome = run_program(arguments);
  EXPECT_EQ(outcome.exit_code, c.exit_code) << outcome.err;
  EXPECT_EQ(outcome.out, "");
  EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 1) << outcome.err;
  EXPECT_EQ(outcome.err.rfind("error: " + c.code + " ", 0), 0u) << outcome.err;
  EXPECT_NE(outcome.err.find(c.mentions), std::string::npos) << outcome.err;
  EXPECT_EQ(fs::exists(stage.output), had_output) << "an output directory was left behind";
}

INSTANTIATE_TEST_SUITE_P(Cases, Refusals, testing::ValuesIn(kRefusals),
                         [](const auto& c) { return c.param.name; });

}  // namespace
}  // namespace trainer::test
