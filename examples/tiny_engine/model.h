// A Llama model as its Hugging Face directory holds it: config.json, model.safetensors (float32,
// one file) and the words of tokenizer.json.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace tiny_engine {

struct Config {
  std::int64_t hidden = 0, ffn = 0, layers = 0, heads = 0, kv_heads = 0, head_dim = 0, vocab = 0;
  float norm_eps = 1e-5f, rope_theta = 10000.0f;
  int bos = 1, eos = 2;
};

using Values = std::vector<float>;  // row-major

struct Layer {
  Values attention_norm, ffn_norm;  // [hidden]
  Values q, k, v;   // [heads * head_dim, hidden], k and v [kv_heads * head_dim, hidden]
  Values o;         // [hidden, heads * head_dim]
  Values gate, up;  // [ffn, hidden]
  Values down;      // [hidden, ffn]
};

struct Model {
  Config config;
  Values embedding;   // [vocab, hidden]
  Values final_norm;  // [hidden]
  Values lm_head;     // [vocab, hidden]; the embedding where they are tied
  std::vector<Layer> layers;
  std::vector<std::string> words;  // [vocab], the text of each token
};

// Throws std::exception with a sentence for a directory that holds no such model.
Model load_model(const std::filesystem::path& directory);

}  // namespace tiny_engine
