// tokenizer.json; or, where the input has a NUL, vocab.json, merges.txt and tokenizer_config.json
// with a NUL between. What is accepted must cut a text and put it together again.
#include <string>
#include <vector>

#include "reference_trainer/data/tokenizer.h"
#include "tests/fuzz/contract.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/scratch.h"

namespace trainer::fuzz {
namespace {

constexpr std::int64_t kVocabSize = 1000;
constexpr std::string_view kText = "Once upon  a time, caf\xc3\xa9 12345\n\t<s>it's <|x|>\xff b";

struct Directories {
  ScratchDirectory whole, parts;
  ScratchFile tokenizer{whole / "tokenizer.json"};
  ScratchFile vocabulary{parts / "vocab.json"};
  ScratchFile merges{parts / "merges.txt"};
  ScratchFile config{parts / "tokenizer_config.json"};
};

const std::filesystem::path& write_files(Input input, const Directories& files) {
  const std::string_view first = input.text();
  if (!input.has_more()) {
    files.tokenizer.set(first);
    return files.whole.path();
  }
  files.vocabulary.set(first);
  files.merges.set(input.text());
  files.config.set(input.text());
  return files.parts.path();
}

void use(const Tokenizer& tokenizer) {
  require(tokenizer.size() >= 0 && tokenizer.size() <= kVocabSize, "too many ids");
  const std::vector<TokenId> tokens = tokenizer.encode(kText);
  const std::vector<TokenId> more = tokenizer.encode_continuation(kText);
  for (const TokenId id : tokens) require(id >= 0 && id < tokenizer.size(), "an id out of range");
  for (const TokenId id : more) require(id >= 0 && id < tokenizer.size(), "an id out of range");
  tokenizer.decode(tokens);
  tokenizer.decode_continuation(tokens, more);
  tokenizer.find("<s>");
}

}  // namespace
}  // namespace trainer::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace trainer;
  using namespace trainer::fuzz;
  static const Directories files;
  const std::filesystem::path& directory = write_files(Input(data, size), files);
  accepts("TK", [&] { use(Tokenizer::load(directory, kVocabSize)); });
  return 0;
}
