#include "reference_trainer/data/token_cache_file.h"

#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>

#include "reference_trainer/base/error.h"
#include "reference_trainer/io/exact_json.h"

namespace trainer {
namespace {

static_assert(std::endian::native == std::endian::little);
static_assert(sizeof(CachedSample) == 24);

constexpr const char* kFormat = "roste-tokens";
constexpr std::size_t kPiece = std::size_t{1} << 20;    // bytes read or written at once
constexpr std::uint64_t kLongestDescription = 1 << 16;  // bytes

using Counts = std::vector<std::int64_t>;

Counts numbers_of(const SftCounts& c) {
  return {c.rows,
          c.kept,
          c.prompts_truncated,
          c.texts_truncated,
          c.dropped_without_target,
          c.dropped_too_long,
          c.bad};
}

SftCounts counts_of(const Counts& n) {
  SftCounts counts{n.at(0), n.at(1), n.at(2), n.at(3), n.at(4), n.at(5), 0, {}};
  if (n.size() > 6) counts.bad = n[6];  // caches of before rows could be skipped have six
  return counts;
}

// Of the first bytes of the file and of the description, as dump() writes it.
std::string hash_of(const InputFile& file, std::uint64_t bytes, const nlohmann::json& description) {
  StreamHash hash;
  std::vector<std::byte> piece;
  for (std::uint64_t at = 0; at < bytes; at += piece.size()) {
    piece.resize(std::min<std::uint64_t>(kPiece, bytes - at));
    file.read_at(at, piece);
    hash.add(piece);
  }
  const std::string text = description.dump();
  hash.add(std::as_bytes(std::span(text)));
  return hash.text();
}

// The description stands at the end, before eight bytes that say how long it is.
nlohmann::json read_description(const InputFile& file, std::uint64_t& begin) {
  std::uint64_t length = 0;
  if (file.size() < sizeof length) return nullptr;
  file.read_at(file.size() - sizeof length, std::as_writable_bytes(std::span(&length, 1)));
  if (length > kLongestDescription || length > file.size() - sizeof length) return nullptr;
  begin = file.size() - sizeof length - length;
  std::string text(length, '\0');
  file.read_at(begin, std::as_writable_bytes(std::span(text)));
  return nlohmann::json::parse(text, nullptr, false);
}

}  // namespace

std::optional<TokenCacheContents> read_token_cache_index(const InputFile& file,
                                                         const std::string& key) {
  std::uint64_t end = 0;
  nlohmann::json json = read_description(file, end);
  if (!json.is_object()) return std::nullopt;
  TokenCacheContents contents;
  try {
    const std::string hash = json.at("xxh3_128");
    json.erase("xxh3_128");
    if (hash != hash_of(file, end, json)) return std::nullopt;
    if (json.at("key") != key || json.at("format") != kFormat) return std::nullopt;
    contents.width = json.at("width");
    contents.counts = counts_of(json.at("counts"));
    const auto samples = exactly<std::uint64_t>(json.at("samples"));
    if (!samples || *samples > end / sizeof(CachedSample)) return std::nullopt;
    contents.index.resize(*samples);
  } catch (const std::exception&) {
    return std::nullopt;
  }
  const std::uint64_t bytes = contents.index.size() * sizeof(CachedSample);
  file.read_at(end - bytes, std::as_writable_bytes(std::span(contents.index)));
  return contents;
}

TokenCacheWriter::TokenCacheWriter(std::filesystem::path path, std::int64_t vocabulary)
    : path_(std::move(path)),
      staging_(path_.parent_path() /
               (".tmp-" + path_.filename().string() + "-" + std::to_string(::getpid()))),
      width_(vocabulary <= 65536 ? 2 : 4),
      file_(OutputFile::create(staging_)) {}

TokenCacheWriter::~TokenCacheWriter() {
  if (!finished_) ::unlink(staging_.c_str());
}

void TokenCacheWriter::flush() {
  file_.write(buffer_);
  hash_.add(buffer_);
  buffer_.clear();
}

void TokenCacheWriter::append(std::span<const std::byte> bytes) {
  buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
  written_ += bytes.size();
  if (buffer_.size() >= kPiece) flush();
}

void TokenCacheWriter::add(const SftSample& sample, std::uint64_t line) {
  const std::size_t count = sample.tokens.size();
  index_.push_back({written_, line, static_cast<std::uint32_t>(count),
                    static_cast<std::uint32_t>(sample.prompt_length)});
  std::vector<std::byte> record(count * width_ + (count + 7) / 8);
  for (std::size_t t = 0; t < count; ++t) {
    std::memcpy(&record[t * width_], &sample.tokens[t], width_);
    if (sample.target[t] != 0)
      record[count * width_ + t / 8] |= static_cast<std::byte>(1u << (t % 8));
  }
  append(record);
}

void TokenCacheWriter::finish(const std::string& key, const SftCounts& counts) {
  flush();
  for (std::size_t first = 0; first < index_.size(); first += kPiece / sizeof(CachedSample)) {
    const std::size_t count = std::min(kPiece / sizeof(CachedSample), index_.size() - first);
    append(std::as_bytes(std::span(index_).subspan(first, count)));
  }
  flush();
  nlohmann::json description{{"format", kFormat},
                             {"key", key},
                             {"width", width_},
                             {"samples", index_.size()},
                             {"counts", numbers_of(counts)}};
  const std::string hashed = description.dump();
  hash_.add(std::as_bytes(std::span(hashed)));
  description["xxh3_128"] = hash_.text();
  const std::string text = description.dump();
  const std::uint64_t length = text.size();
  file_.write(std::as_bytes(std::span(text)));
  file_.write(std::as_bytes(std::span(&length, 1)));
  file_.finish();
  if (::rename(staging_.c_str(), path_.c_str()) != 0)
    throw_io({"IO-02", path_.string(), "a failed rename of " + staging_.string(), "", ""}, errno);
  finished_ = true;
  sync_path(path_.parent_path());
}

}  // namespace trainer
