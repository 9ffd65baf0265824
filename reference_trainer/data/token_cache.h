// The tokens of a data set in a file that is read sample by sample: for data sets that are larger
// than memory, and for runs that need not tokenize again. docs/data.md describes the file.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "reference_trainer/data/line_reader.h"
#include "reference_trainer/data/sample_view.h"
#include "reference_trainer/data/sft_dataset_encode.h"
#include "reference_trainer/data/unchanged_file.h"

namespace trainer {

// What a cached sample needs in memory: 24 bytes.
struct CachedSample {
  std::uint64_t record = 0;  // first byte of its tokens in the cache
  std::uint64_t line = 0;    // first byte of its line in the data set
  std::uint32_t tokens = 0;
  std::uint32_t prompt_length = 0;
};

// Where the samples of a data set come from, and everything that decides their tokens.
struct TokenCacheSource {
  std::filesystem::path dataset;              // JSONL
  std::filesystem::path tokenizer_directory;  // its files go into the key
  const Tokenizer& tokenizer;
  SpecialTokens special;
  SftOptions options;
};

class TokenCache : public SampleStore {
 public:
  // Opens `directory`/tokens-<16 digits of the key>.bin. Where there is none, or one whose hash is
  // wrong, it is written first: beside its place, then renamed. Creates the directory. Throws as
  // read_sft_dataset, and Error(kIo); DS-06 where the data set changes meanwhile.
  static std::unique_ptr<TokenCache> open(const std::filesystem::path& directory,
                                          const TokenCacheSource& source);

  std::int64_t size() const override { return static_cast<std::int64_t>(index_.size()); }
  std::int64_t length(std::int64_t index) const override;
  void read(std::int64_t index, SftSample& sample) const override;

  // The whole sample with its reference, made anew from its line in the data set. Throws Error
  // DS-06 where the data set has changed since open().
  SftSample sample_with_reference(std::int64_t index) const;

  const SftCounts& counts() const { return counts_; }
  const std::string& note() const { return note_; }  // how it was found; for people

 private:
  TokenCache(InputFile file, const TokenCacheSource& source, UnchangedFile dataset);
  bool load(const std::string& key);

  InputFile file_;
  TokenCacheSource source_;
  UnchangedFile dataset_;
  SftEncoder encoder_;
  std::vector<CachedSample> index_;
  std::size_t width_ = 4;  // bytes of a token: 2 or 4
  SftCounts counts_;
  std::string note_;
};

// XXH3-128 of data set, tokenizer and options.
std::string token_cache_key(const TokenCacheSource& source);

}  // namespace trainer
