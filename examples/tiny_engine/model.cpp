#include "examples/tiny_engine/model.h"

#include <bit>
#include <cstring>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>
#include <stdexcept>

namespace tiny_engine {
namespace {

using nlohmann::json;
static_assert(std::endian::native == std::endian::little, "safetensors are little-endian");

std::string read_text(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  if (!file) throw std::runtime_error("cannot read " + path.string());
  return text.str();
}

Config parse_config(const json& j) {
  if (j.at("model_type") != "llama" || j.at("hidden_act") != "silu" ||
      j.value("attention_bias", false) || !j.value("rope_scaling", json()).is_null()) {
    throw std::runtime_error("config.json: expected a Llama model without biases and rope_scaling");
  }
  Config c;
  c.hidden = j.at("hidden_size");
  c.ffn = j.at("intermediate_size");
  c.layers = j.at("num_hidden_layers");
  c.heads = j.at("num_attention_heads");
  c.kv_heads = j.value("num_key_value_heads", c.heads);
  if (c.heads < 1 || c.kv_heads < 1 || c.heads % c.kv_heads != 0) {
    throw std::runtime_error("config.json: heads are no multiple of key/value heads");
  }
  c.head_dim = j.value("head_dim", c.hidden / c.heads);
  c.vocab = j.at("vocab_size");
  c.norm_eps = j.at("rms_norm_eps");
  c.rope_theta = j.value("rope_theta", 10000.0f);
  c.bos = j.at("bos_token_id");
  c.eos = j.at("eos_token_id");
  return c;
}

// Reads tensors by name; every one has to have the size that the model needs.
class Tensors {
 public:
  explicit Tensors(const std::filesystem::path& path) : file_(read_text(path)) {
    std::uint64_t length = 0;
    if (file_.size() >= 8) std::memcpy(&length, file_.data(), 8);
    if (file_.size() < 8 || length > file_.size() - 8) {
      throw std::runtime_error(path.string() + " is no safetensors file");
    }
    header_ = json::parse(file_.substr(8, length));
    data_ = 8 + length;
  }

  bool has(const std::string& name) const { return header_.contains(name); }

  Values take(const std::string& name, std::int64_t count) const {
    const json& tensor = header_.at(name);
    const std::uint64_t begin = tensor.at("data_offsets").at(0),
                        end = tensor.at("data_offsets").at(1);
    const std::uint64_t bytes = static_cast<std::uint64_t>(count) * sizeof(float);
    if (tensor.at("dtype") != "F32" || end < begin || end - begin != bytes ||
        end > file_.size() - data_) {
      throw std::runtime_error(name + ": expected " + std::to_string(count) + " F32 values");
    }
    Values values(static_cast<std::size_t>(count));
    std::memcpy(values.data(), file_.data() + data_ + begin, bytes);
    return values;
  }

 private:
  std::string file_;
  json header_;
  std::uint64_t data_ = 0;
};

Layer take_layer(const Tensors& tensors, const Config& c, std::int64_t index) {
  const std::string at = "model.layers." + std::to_string(index) + ".";
  const std::int64_t heads = c.heads * c.head_dim, kv_heads = c.kv_heads * c.head_dim;
  return {.attention_norm = tensors.take(at + "input_layernorm.weight", c.hidden),
          .ffn_norm = tensors.take(at + "post_attention_layernorm.weight", c.hidden),
          .q = tensors.take(at + "self_attn.q_proj.weight", heads * c.hidden),
          .k = tensors.take(at + "self_attn.k_proj.weight", kv_heads * c.hidden),
          .v = tensors.take(at + "self_attn.v_proj.weight", kv_heads * c.hidden),
          .o = tensors.take(at + "self_attn.o_proj.weight", c.hidden * heads),
          .gate = tensors.take(at + "mlp.gate_proj.weight", c.ffn * c.hidden),
          .up = tensors.take(at + "mlp.up_proj.weight", c.ffn * c.hidden),
          .down = tensors.take(at + "mlp.down_proj.weight", c.hidden * c.ffn)};
}

// "▁" stands for a blank, "<0x0A>" for a byte.
std::string text_of(std::string word) {
  if (word.size() == 6 && word.starts_with("<0x") && word.ends_with(">")) {
    return std::string(1, static_cast<char>(std::stoi(word.substr(3, 2), nullptr, 16)));
  }
  const std::string blank = "\u2581";
  for (std::size_t at = word.find(blank); at != std::string::npos; at = word.find(blank)) {
    word.replace(at, blank.size(), " ");
  }
  return word;
}

std::vector<std::string> take_words(const json& tokenizer, std::int64_t vocab) {
  std::vector<std::string> words(static_cast<std::size_t>(vocab));
  for (const auto& [word, id] : tokenizer.at("model").at("vocab").items()) {
    words.at(id.get<std::size_t>()) = text_of(word);
  }
  return words;
}

}  // namespace

Model load_model(const std::filesystem::path& directory) {
  Model model;
  const Config& c = model.config = parse_config(json::parse(read_text(directory / "config.json")));
  const Tensors tensors(directory / "model.safetensors");
  model.embedding = tensors.take("model.embed_tokens.weight", c.vocab * c.hidden);
  model.final_norm = tensors.take("model.norm.weight", c.hidden);
  const bool tied = !tensors.has("lm_head.weight");
  model.lm_head = tied ? model.embedding : tensors.take("lm_head.weight", c.vocab * c.hidden);
  for (std::int64_t i = 0; i < c.layers; ++i) model.layers.push_back(take_layer(tensors, c, i));
  model.words = take_words(json::parse(read_text(directory / "tokenizer.json")), c.vocab);
  return model;
}

}  // namespace tiny_engine
