// A data set: byte 0 names the chat template and what the loss is on, byte 1 the longest sample,
// then comes the file.
#include <array>
#include <string>
#include <vector>

#include "reference_trainer/data/sft_dataset.h"
#include "tests/fuzz/contract.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/scratch.h"

namespace trainer::fuzz {
namespace {

struct Reader {
  ScratchDirectory directory;
  ScratchFile file{directory / "rows.jsonl"};
  Tokenizer tokenizer = Tokenizer::load(
      std::filesystem::path(ROSTE_SOURCE_DIR) / "tests/golden/byte_level_qwen2", 1000);
  SpecialTokens special{{*tokenizer.find("<|im_end|>")}};
};

SftOptions read_options(Input& input) {
  SftOptions options;
  const unsigned choice = input.byte();
  options.chat_template = static_cast<ChatTemplate>(choice % kChatTemplateNames.size());
  options.loss_on = choice / 8 % 2 == 0 ? LossOn::kCompletion : LossOn::kAllTokens;
  options.max_length = 2 + input.byte();
  return options;
}

void check(const SftSample& sample, const SftOptions& options, std::int64_t vocabulary) {
  const auto length = static_cast<std::int64_t>(sample.tokens.size());
  require(length <= options.max_length && sample.target.size() == sample.tokens.size(),
          "a sample of another length");
  require(sample.prompt_length >= 0 && sample.prompt_length <= length, "a prompt behind the end");
  require(!sample.target.empty() && sample.target.front() == 0, "the first token is a target");
  bool any = false;
  for (const std::uint8_t target : sample.target) any |= target == 1;
  require(any, "a sample without a target");
  for (const TokenId id : sample.tokens) require(id >= 0 && id < vocabulary, "an id out of range");
}

void check(const SftDataset& dataset, const SftOptions& options, std::int64_t vocabulary) {
  const SftCounts& c = dataset.counts;
  require(c.kept == static_cast<std::int64_t>(dataset.samples.size()) && c.kept > 0 &&
              c.rows == c.kept + c.dropped_without_target + c.dropped_too_long,
          "rows that are not counted");
  for (const SftSample& sample : dataset.samples) check(sample, options, vocabulary);
}

}  // namespace
}  // namespace trainer::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace trainer;
  using namespace trainer::fuzz;
  static const Reader reader;
  Input input(data, size);
  const SftOptions options = read_options(input);
  reader.file.set(input.rest());
  accepts("DS", [&] {
    check(read_sft_dataset(reader.file.path(), reader.tokenizer, reader.special, options), options,
          reader.tokenizer.size());
  });
  return 0;
}
