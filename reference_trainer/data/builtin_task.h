// The built-in task: seeded posts with a TL;DR, so that everything runs without any download.
// docs/builtin-task.md says what the posts are and why they are so.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace trainer {

// How many items of each split; the defaults are the sizes that were measured.
struct BuiltinTaskSizes {
  std::int64_t pretraining = 25000;  // documents of about 79 words
  std::int64_t train = 8000;         // posts: prompts of about 68 words, completions of about 21
  std::int64_t calibration = 128;    // posts that nothing is trained on, for eq. (12) and GPTQ
  std::int64_t validation = 128;
  std::int64_t test = 192;
};

// One post. Words are joined by single spaces; the prompt ends in "TL;DR:" and the completion
// begins without a space, which is the same to a tokenizer that splits at white space.
struct Post {
  std::string prompt;
  std::string completion;
};

struct BuiltinTask {
  std::vector<Post> train;
  std::vector<Post> calibration;
  std::vector<Post> validation;
  std::vector<Post> test;
};

// The four splits of `seed`, with prompts that are all different. The first n posts of a split do
// not depend on any size. Throws Error (CL-03) if a size is negative.
BuiltinTask make_builtin_task(std::uint64_t seed, const BuiltinTaskSizes& sizes);

// `count` documents of the same world for pre-training, from a random stream of their own. None
// contains a prompt that calibration, validation or test could hold, whatever their seed and size.
// The first n documents do not depend on `count`. Throws Error (CL-03) if `count` is negative.
std::vector<std::string> pretraining_documents(std::uint64_t seed, std::int64_t count);

// Token of id i at index i: `<s>` (0, BOS), `</s>` (1, EOS), `<unk>` (2), then every word that any
// document of any seed can contain, sorted by byte.
std::vector<std::string> builtin_vocabulary();

// A Hugging Face tokenizer.json over builtin_vocabulary(): word level, split at white space, `<s>`
// put in front of a text.
std::string builtin_tokenizer_json();

// Writes train.jsonl, calibration.jsonl, validation.jsonl, test.jsonl (rows {"prompt",
// "completion"}) and pretraining.jsonl (rows {"text"}) into `directory`, which must exist; files of
// these names are replaced. Throws Error: CL-03 for a negative size, CK-02 if a file cannot be
// written completely.
void write_builtin_task(const std::filesystem::path& directory, std::uint64_t seed,
                        const BuiltinTaskSizes& sizes);

}  // namespace trainer
