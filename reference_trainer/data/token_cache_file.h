// The file of a token cache: records, index, and a description with the hash of both.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "reference_trainer/data/token_cache.h"
#include "reference_trainer/io/stream_hash.h"

namespace trainer {

struct TokenCacheContents {
  std::vector<CachedSample> index;
  std::size_t width = 4;
  SftCounts counts;
};

// Nothing where the file is not a whole cache of this key. Reads every byte of it once.
std::optional<TokenCacheContents> read_token_cache_index(const InputFile& file,
                                                         const std::string& key);

// Appends records to a file beside `path`, which finish() puts into place.
class TokenCacheWriter {
 public:
  // Tokens below `vocabulary`: two bytes each where that is at most 65536, else four.
  TokenCacheWriter(std::filesystem::path path, std::int64_t vocabulary);
  ~TokenCacheWriter();  // removes what was not finished
  TokenCacheWriter(const TokenCacheWriter&) = delete;
  TokenCacheWriter& operator=(const TokenCacheWriter&) = delete;

  void add(const SftSample& sample, std::uint64_t line);
  void finish(const std::string& key, const SftCounts& counts);

 private:
  void append(std::span<const std::byte> bytes);
  void flush();

  std::filesystem::path path_, staging_;
  std::size_t width_;
  OutputFile file_;
  StreamHash hash_;
  std::vector<std::byte> buffer_;
  std::uint64_t written_ = 0;
  std::vector<CachedSample> index_;
  bool finished_ = false;
};

}  // namespace trainer
