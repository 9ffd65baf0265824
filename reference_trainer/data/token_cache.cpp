#include "reference_trainer/data/token_cache.h"

#include <algorithm>
#include <cstring>
#include <nlohmann/json.hpp>

#include "reference_trainer/base/error.h"
#include "reference_trainer/data/sft_dataset_lines.h"
#include "reference_trainer/data/token_cache_file.h"
#include "reference_trainer/io/manifest.h"

namespace trainer {
namespace {

namespace fs = std::filesystem;

// Raised when the same rows become other tokens: older caches are then made again.
constexpr int kTokensVersion = 1;

std::size_t mask_bytes(std::size_t tokens) { return (tokens + 7) / 8; }

void make_directory(const fs::path& directory) {
  std::error_code error;
  fs::create_directories(directory, error);
  if (error)
    throw_io({"IO-02", directory.string(), "", "a directory that can be created", ""},
             error.value());
}

void write_cache(const fs::path& path, const TokenCacheSource& source, const UnchangedFile& dataset,
                 const std::string& key) {
  const SftEncoder encoder(source.tokenizer, source.special, source.options);
  TokenCacheWriter writer(path, source.tokenizer.size());
  const SftCounts counts =
      read_sft_rows(source.dataset, encoder, source.options,
                    [&](const SftSample& sample, std::uint64_t line) { writer.add(sample, line); });
  dataset.require();  // what was hashed is what was read
  writer.finish(key, counts);
}

}  // namespace

std::string token_cache_key(const TokenCacheSource& source) {
  nlohmann::json key = {{"version", kTokensVersion},
                        {"dataset", hash_file(source.dataset)},
                        {"eos", source.special.eos},
                        {"max_length", source.options.max_length},
                        {"max_samples", source.options.max_samples},
                        {"loss_on", static_cast<int>(source.options.loss_on)},
                        {"chat_template", name_of(source.options.chat_template)}};
  if (source.options.skip_bad > 0) key["skip_bad"] = source.options.skip_bad;
  for (const char* name : {"tokenizer.json", "vocab.json", "merges.txt", "tokenizer_config.json"}) {
    const fs::path file = source.tokenizer_directory / name;
    if (fs::exists(file)) key["tokenizer"][name] = hash_file(file);
  }
  const std::string text = key.dump();
  return hash_bytes(std::as_bytes(std::span(text)));
}

TokenCache::TokenCache(InputFile file, const TokenCacheSource& source, UnchangedFile dataset)
    : file_(std::move(file)),
      source_(source),
      dataset_(std::move(dataset)),
      encoder_(source_.tokenizer, source_.special, source_.options) {}

bool TokenCache::load(const std::string& key) {
  const std::optional<TokenCacheContents> contents = read_token_cache_index(file_, key);
  if (!contents) return false;
  index_ = contents->index;
  width_ = contents->width;
  counts_ = contents->counts;
  return true;
}

std::unique_ptr<TokenCache> TokenCache::open(const fs::path& directory,
                                             const TokenCacheSource& source) {
  { const LineReader checked(source.dataset); }  // DS-07 before anything is written
  const UnchangedFile dataset(source.dataset);
  const std::string key = token_cache_key(source);
  const fs::path path = directory / ("tokens-" + key.substr(0, 16) + ".bin");
  make_directory(directory);
  const auto opened = [&] {
    return std::unique_ptr<TokenCache>(new TokenCache(InputFile::open(path, {}), source, dataset));
  };
  std::string note = "tokenized into " + path.string();
  if (fs::exists(path)) {
    std::unique_ptr<TokenCache> cache = opened();
    cache->note_ = "tokens from " + path.string();
    if (cache->load(key)) return cache;
    note = "damaged, made again: " + path.string();
  }
  write_cache(path, source, dataset, key);
  std::unique_ptr<TokenCache> cache = opened();
  cache->note_ = note;
  if (!cache->load(key)) throw_io({"IO-02", path.string(), "a cache that changed", "", ""}, 0);
  return cache;
}

std::int64_t TokenCache::length(std::int64_t index) const {
  return index_[static_cast<std::size_t>(index)].tokens;
}

void TokenCache::read(std::int64_t index, SftSample& sample) const {
  const CachedSample& entry = index_[static_cast<std::size_t>(index)];
  const std::size_t count = entry.tokens;
  std::vector<std::byte> bytes(count * width_ + mask_bytes(count));
  file_.read_at(entry.record, bytes);
  sample.tokens.assign(count, 0);
  sample.target.assign(count, 0);
  for (std::size_t t = 0; t < count; ++t) {
    std::uint32_t token = 0;
    std::memcpy(&token, &bytes[t * width_], width_);  // little-endian
    sample.tokens[t] = static_cast<TokenId>(token);
    const auto mask = std::to_integer<unsigned>(bytes[count * width_ + t / 8]);
    sample.target[t] = static_cast<std::uint8_t>((mask >> (t % 8)) & 1u);
  }
  sample.prompt_length = entry.prompt_length;
  sample.reference.clear();
}

SftSample TokenCache::sample_with_reference(std::int64_t index) const {
  dataset_.require();
  LineReader lines(source_.dataset);
  lines.next_at(index_[static_cast<std::size_t>(index)].line);
  SftSample sample =
      encode_line(source_.dataset.string(), lines, encoder_, source_.options.chat_template).sample;
  SftSample cached;
  read(index, cached);
  if (sample.tokens != cached.tokens) dataset_.refuse_contents();
  return sample;
}

}  // namespace trainer
