// A small inference engine around the library: generates text greedily from a Llama directory.
//
//   tiny_engine MODEL_DIR [TOKENS] [BITS]     BITS of weights, activations and cache: 4 or 8
//   (default)
//
// On the 260K-parameter TinyStories model with 40 tokens it prints:
//   Once upon a time, there was a little girl named Lily. She loved to play outside in the park.
//   One day, she saw a big, r
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <string>

#include "examples/tiny_engine/engine.h"

namespace {

constexpr int kSkipped = 77;  // the test is skipped where there is no model

template <int Bits>
void generate(const tiny_engine::Model& model, int tokens) {
  tiny_engine::Engine<Bits> engine(model, tokens);
  int token = model.config.bos;
  bool begun = false;
  for (int i = 0; i < tokens; ++i) {
    const tiny_engine::Values logits = engine.forward(token);
    token = static_cast<int>(std::max_element(logits.begin(), logits.end()) - logits.begin());
    if (token == model.config.bos || token == model.config.eos) break;
    const std::string& word = model.words[static_cast<std::size_t>(token)];
    // The tokenizer puts a blank before the first word of a text.
    std::fputs(word.c_str() + (!begun && word.starts_with(' ') ? 1 : 0), stdout);
    begun = true;
  }
  std::fputs("\n", stdout);
}

}  // namespace

int main(int argc, char** argv) {
  const int tokens = argc > 2 ? std::atoi(argv[2]) : 200;
  const int bits = argc > 3 ? std::atoi(argv[3]) : 8;
  if (argc < 2 || argc > 4 || tokens < 1 || (bits != 4 && bits != 8)) {
    std::fputs("usage: tiny_engine MODEL_DIR [TOKENS] [4|8]\n", stderr);
    return 2;
  }
  if (!std::filesystem::exists(argv[1])) {
    std::fprintf(stderr, "error: there is no directory %s\n", argv[1]);
    return kSkipped;
  }
  try {
    const tiny_engine::Model model = tiny_engine::load_model(argv[1]);
    bits == 4 ? generate<4>(model, tokens) : generate<8>(model, tokens);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "error: %s\n", e.what());
    return 3;
  }
  return 0;
}
