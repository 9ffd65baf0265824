// Any text through a tokenizer of every kind: byte 0 names it, the text follows.
#include <array>
#include <string>
#include <vector>

#include "reference_trainer/data/builtin_task.h"
#include "reference_trainer/data/tokenizer.h"
#include "reference_trainer/data/utf8.h"
#include "tests/fuzz/contract.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/scratch.h"

namespace trainer::fuzz {
namespace {

// Of those in tests/golden the first one is byte level without a normalizer: it loses nothing.
constexpr std::array<const char*, 5> kGolden = {
    "byte_level_llama3", "byte_level_neox", "byte_level_prefix", "byte_level_qwen2", "tiny_bpe"};
constexpr std::size_t kLossless = 0;

std::vector<Tokenizer> load_all() {
  std::vector<Tokenizer> tokenizers;
  for (const char* name : kGolden) {
    const std::filesystem::path golden = std::filesystem::path(ROSTE_SOURCE_DIR) / "tests/golden";
    tokenizers.push_back(Tokenizer::load(golden / name, 1 << 20));
  }
  const ScratchDirectory directory;
  ScratchFile(directory / "tokenizer.json").set(builtin_tokenizer_json());
  tokenizers.push_back(Tokenizer::load(directory.path(), 1 << 20));
  return tokenizers;
}

bool is_utf8(std::string_view text) { return find_invalid_utf8(text) == std::string_view::npos; }

void check_ids(const Tokenizer& tokenizer, const std::vector<TokenId>& tokens) {
  for (const TokenId id : tokens) require(id >= 0 && id < tokenizer.size(), "an id out of range");
}

void check_text(const Tokenizer& tokenizer, std::string_view text) {
  const std::vector<TokenId> tokens = tokenizer.encode(text);
  const std::vector<TokenId> more = tokenizer.encode_continuation(text);
  check_ids(tokenizer, tokens);
  check_ids(tokenizer, more);
  require(is_utf8(tokenizer.decode(tokens)), "decoded to invalid UTF-8");
  require(is_utf8(tokenizer.decode_continuation(tokens, more)), "continued by invalid UTF-8");
}

// decode(encode(x)) == x; special tokens inside of the text are left out by decode.
void check_lossless(const Tokenizer& tokenizer, std::string_view text) {
  if (!is_utf8(text) || text.find("<|") != text.npos) return;
  require(tokenizer.decode(tokenizer.encode(text)) == text, "another text");
  require(tokenizer.decode(tokenizer.encode_continuation(text)) == text, "another continuation");
}

}  // namespace
}  // namespace trainer::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace trainer;
  using namespace trainer::fuzz;
  static const std::vector<Tokenizer> tokenizers = load_all();
  Input input(data, size);
  const std::size_t which = input.below(static_cast<unsigned>(tokenizers.size()));
  const std::string_view text = input.rest();
  check_text(tokenizers[which], text);
  if (which == kLossless) check_lossless(tokenizers[which], text);
  return 0;
}
