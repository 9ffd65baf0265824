// Writes the seeds of every fuzz target into tests/fuzz/corpus; run by hand.
//   <program> CORPUS_DIRECTORY
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <string>
#include <vector>

#include "reference_trainer/io/manifest.h"
#include "reference_trainer/io/model_config.h"
#include "reference_trainer/io/model_directory.h"
#include "reference_trainer/model/settings_json.h"
#include "roste/core/packed_file.h"
#include "tests/data/tokenizer_samples.h"
#include "tests/fuzz/scratch.h"

namespace trainer::fuzz {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

std::string text_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

class Corpus {
 public:
  explicit Corpus(fs::path directory) : directory_(std::move(directory)) {}
  // The next seed of `target`: its selecting bytes, then the text.
  void add(const std::string& target, std::string_view selectors, std::string_view text) {
    fs::create_directories(directory_ / target);
    const std::string name = "seed-" + std::to_string(count_[target]++);
    std::ofstream(directory_ / target / name, std::ios::binary) << selectors << text;
  }

 private:
  fs::path directory_;
  std::map<std::string, int> count_;
};

std::string nul() { return std::string(1, '\0'); }

void add_safetensors(Corpus& corpus) {
  const ScratchDirectory directory;
  const fs::path path = directory / "w";
  const std::vector<float> values = {1.0f, -2.0f, 0.5f, 0.0f, 3.0f, 4.0f};
  const std::vector<std::uint16_t> halves = {0x3c00, 0xc000};
  const std::vector<std::int64_t> integers = {7};
  const std::vector<TensorView> tensors = {
      {"model.norm.weight", DType::kF32, {2, 3}, std::as_bytes(std::span(values))},
      {"half", DType::kF16, {2}, std::as_bytes(std::span(halves))},
      {"brain", DType::kBF16, {1, 2}, std::as_bytes(std::span(halves))},
      {"scalar", DType::kI64, {}, std::as_bytes(std::span(integers))},
      {"none", DType::kU8, {0, 5}, {}}};
  write_safetensors(path, tensors, {{"format", "pt"}});
  const std::string file = text_of(path);
  corpus.add("safetensors", nul(), file);
  const std::size_t header =
      static_cast<unsigned char>(file[0]) + 256u * static_cast<unsigned char>(file[1]);
  const std::size_t data = file.size() - 8 - header;
  const std::string sizes = {1, static_cast<char>(data >> 8), static_cast<char>(data & 0xff)};
  corpus.add("safetensors", sizes, file.substr(8, header));
  corpus.add("safetensors", std::string("\1\0\0", 3), "{}");
  corpus.add("safetensors", std::string("\1\0\4", 3),
             R"({"\u0007~/x":{"dtype":"I32","shape":[1],"data_offsets":[0,4]}})");
  corpus.add("safetensors", std::string("\1\0\0", 3),
             R"({"a":{"dtype":"F32","shape":[9223372036854775807,4],"data_offsets":[0,0]}})");
}

void add_index(Corpus& corpus) {
  corpus.add("index", "",
             R"({"metadata":{"total_size":24},"weight_map":{"a":"a.safetensors","a/bias":)"
             R"("a.safetensors","b":"b.safetensors"}})");
  corpus.add("index", "", R"({"weight_map":{"a":"b.safetensors","x":"c.safetensors","y":"../z"}})");
  corpus.add("index", "", R"({"weight_map":{"a":"model.safetensors.index.json"}})");
}

void add_manifest(Corpus& corpus) {
  const ScratchDirectory parent;
  const fs::path directory = parent / "step-7";
  fs::create_directory(directory);
  const std::vector<float> values = {1.0f, 2.0f};
  const TensorView tensor = stored_view({"w", {2}, values});
  write_safetensors(directory / kStateFile, {&tensor, 1}, {});
  const CheckpointInfo info{7, {{"lr", 1e-3}, {"seed", 3}}};
  const std::string file = manifest_text(directory, info, {&tensor, 1});
  corpus.add("manifest", nul(), file);
  json body = json::parse(file)["body"];
  corpus.add("manifest", "\1", body.dump());
  body["files"][kStateFile]["xxh3_128"] = std::string(32, '0');
  corpus.add("manifest", "\1", body.dump());
  body["tensors"] = 3;
  body["step"] = 7.5;
  corpus.add("manifest", "\1", body.dump());
}

roste::PackedMatrix packed(roste::RangeRule rule, int bits, roste::Grouping grouping) {
  const roste::Scheme scheme{roste::make_grid(rule, bits), grouping};
  const auto groups = static_cast<std::size_t>(roste::group_layout(grouping, 3, 10).count);
  std::vector<roste::GroupParams> params(groups, {0.25f, 0});
  std::vector<std::int16_t> codes;
  for (int i = 0; i < 30; ++i) {
    codes.push_back(static_cast<std::int16_t>(scheme.grid.codes.min + i % (1 << bits)));
  }
  return roste::pack_matrix(scheme, 3, 10, params, std::span<const std::int16_t>(codes));
}

void add_packed(Corpus& corpus) {
  using roste::Grouping;
  for (const auto& [rule, bits, grouping] :
       {std::tuple{roste::RangeRule::kSymmetric, 4, Grouping{Grouping::Kind::kRow, 0}},
        {roste::RangeRule::kTight, 3, Grouping{Grouping::Kind::kTensor, 0}},
        {roste::RangeRule::kZeroIncluded, 8, Grouping{Grouping::Kind::kGroup, 5}},
        {roste::RangeRule::kPaperEq4, 1,
         Grouping{Grouping::Kind::kGroup, 7, roste::Tail::kShorter}}}) {
    const auto bytes = roste::write_packed_file(packed(rule, bits, grouping));
    const std::string file(bytes.begin(), bytes.end());
    corpus.add("packed", nul(), file);
    corpus.add("packed", "\1", file);
  }
}

// bits + 1, out + 1, in + 1, groups, and then numbers that fit.
void add_import(Corpus& corpus) {
  for (int kind = 0; kind < 8; ++kind) {
    std::string start = {static_cast<char>(kind), 5, 5, 17, 2};
    corpus.add("import", start,
               std::string(32, '\x12') + std::string(8, '\x11') + std::string(40, '\0'));
  }
  corpus.add("import", std::string({2, 4, 4, 11, 1}), std::string(80, '\0') + "\1");
}

void add_config(Corpus& corpus) {
  const fs::path golden = fs::path(ROSTE_SOURCE_DIR) / "tests/golden";
  for (const char* family : {"llama2", "llama31", "llama32", "neox_parallel",
                             "neox_sequential_no_bias", "qwen2_tied", "qwen2_untied"}) {
    const std::string text = text_of(golden / ("family_" + std::string(family)) / "config.json");
    corpus.add("config", "", json::parse(text).dump());
  }
  corpus.add("config", nul(), R"({"bos_token_id": 0, "eos_token_id": [1, 2], "do_sample": true})");
  ModelShape shape;  // as in config_fuzz.cpp
  shape.vocab_size = 32;
  shape.hidden_size = 8;
  shape.intermediate_size = 16;
  shape.layers = shape.heads = shape.kv_heads = 2;
  shape.head_dim = 4;
  shape.max_positions = 64;
  QuantConfig quant;
  quant.weight.bits = quant.activation.bits = quant.kv.bits = 4;
  const ForwardPlan plan =
      make_plan(shape, quant, RotationChoice::shared(RotationMask::parse("1100"), shape, 5));
  corpus.add("config", nul() + "{}" + nul(), to_json(plan).dump());
}

void add_tokenizers(Corpus& corpus) {
  const fs::path golden = fs::path(ROSTE_SOURCE_DIR) / "tests/golden";
  corpus.add("tokenizer_file", "", word_level_json().dump());
  corpus.add("tokenizer_file", "", bpe_json().dump());
  corpus.add("tokenizer_file", "", json::parse(text_of(golden / "tiny_bpe/tokenizer.json")).dump());
  json byte_level = json::parse(text_of(golden / "byte_level_qwen2/tokenizer.json"));
  json& vocabulary = byte_level["model"]["vocab"];
  json short_vocabulary;
  for (const auto& [token, id] : vocabulary.items()) {
    if (id < 280) short_vocabulary[token] = id;
  }
  vocabulary = short_vocabulary;
  json& merges = byte_level["model"]["merges"];
  merges = json(merges.begin(), merges.begin() + std::min<std::ptrdiff_t>(8, merges.size()));
  for (json& token : byte_level["added_tokens"]) token["id"] = 280 + token["id"].get<int>() % 8;
  corpus.add("tokenizer_file", "", byte_level.dump());
  const json settings = {
      {"tokenizer_class", "Qwen2Tokenizer"},
      {"add_prefix_space", false},
      {"added_tokens_decoder", {{"3", {{"content", "<|endoftext|>"}, {"special", true}}}}}};
  corpus.add("tokenizer_file", "",
             R"({"a":0,"b":1,"ab":2})" + nul() + "#version: 0.2\na b\n" + nul() + settings.dump());
}

void add_texts(Corpus& corpus) {
  const std::vector<std::string> texts = {
      "Once upon a time, there was a little girl.",
      "it's 12345 o'clock\r\n\n\t  caf\xc3\xa9 cafe\xcc\x81",
      "\xe4\xbd\xa0\xe5\xa5\xbd \xf0\x9f\x98\x80\xe2\x80\x8d \xff\xc0\x80",
      "<|endoftext|><|im_start|>user\nhello==!?TL;DR:",
      std::string(60, 'a') + std::string(30, ' ') + "SUBREDDIT: r/relationships"};
  for (int tokenizer = 0; tokenizer < 6; ++tokenizer) {
    for (const std::string& text : texts) {
      corpus.add("tokenize", std::string(1, static_cast<char>(tokenizer)), text);
    }
  }
}

void add_rows(Corpus& corpus) {
  const std::vector<std::string> rows = {
      R"({"prompt": "Say a", "completion": " a<|endoftext|>"})",
      R"({"messages": [{"role": "system", "content": "s"}, {"role": "user", "content": "u"}, )"
      R"({"role": "assistant", "content": [{"type": "text", "text": "hello"}]}]})",
      R"({"conversations": [{"from": "human", "value": "q"}, {"from": "gpt", "value": "a"}]})",
      R"({"prompt": [{"role": "user", "content": "u"}], "completion": [{"role": "assistant", "content": "b"}]})",
      R"({"subreddit": "tifu", "title": "t", "post": "p", "summary": "s"})",
      R"({"text": "Once upon a time"})"};
  for (std::size_t i = 0; i < rows.size(); ++i) {
    corpus.add("jsonl", std::string({static_cast<char>(i % 5), 60}), rows[i] + "\n");
  }
  std::string all = "\xef\xbb\xbf";
  for (const std::string& row : rows) all += row + "\r\n\n";
  for (char chat = 0; chat < 5; ++chat) corpus.add("jsonl", std::string({chat, 9}), all);
}

void add_codes(Corpus& corpus) {
  for (char bits = 0; bits < 7; bits += 2) {
    for (char rule = 0; rule < 6; ++rule) {
      const std::string scale = {0, 0, '\x80', '\x3f'};
      corpus.add("coded", std::string({bits, rule, 1, 4}),
                 std::string(10, '\0') + scale + scale + std::string(8, '\0'));
    }
  }
}

}  // namespace
}  // namespace trainer::fuzz

int main(int argc, char** argv) {
  using namespace trainer::fuzz;
  if (argc != 2) {
    std::cerr << "usage: " << argv[0] << " CORPUS_DIRECTORY\n";
    return 2;
  }
  Corpus corpus(argv[1]);
  add_safetensors(corpus);
  add_index(corpus);
  add_manifest(corpus);
  add_packed(corpus);
  add_import(corpus);
  add_config(corpus);
  add_tokenizers(corpus);
  add_texts(corpus);
  add_rows(corpus);
  add_codes(corpus);
  return 0;
}
