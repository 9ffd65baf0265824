// MB/s and tokens/s of encoding, one thread: tokenizer_bench <directory of a tokenizer> <file> ...
// Each line of a .jsonl file is a text or, of an object, its prompt and completion; any other file
// is one text. Before it measures, it checks that decoding gives the text back. Prints a line of
// JSON, which tests/oracle/bench_tokenizer.py compares with the reference package's.
#include <cstdio>
#include <filesystem>
#include <limits>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "benchmarks/measure.h"
#include "reference_trainer/data/tokenizer.h"
#include "reference_trainer/data/unicode.h"
#include "reference_trainer/io/json.h"

namespace {

using nlohmann::json;
using Texts = std::vector<std::string>;

void append_texts(const std::filesystem::path& path, Texts& out) {
  const std::string content = trainer::read_file(path);
  if (path.extension() != ".jsonl") {
    out.push_back(content);
    return;
  }
  std::istringstream lines(content);
  for (std::string line; std::getline(lines, line);) {
    const json row = json::parse(line);
    if (row.is_string()) {
      out.push_back(row);
    } else {
      out.push_back(row.at("prompt").get<std::string>() + row.at("completion").get<std::string>());
    }
  }
}

// Byte-level tokenizers give back the text, composed where they normalize; special tokens are left
// out, so texts must not have any.
bool comes_back(const trainer::Tokenizer& tokenizer, const std::string& text) {
  const std::string decoded = tokenizer.decode(tokenizer.encode(text));
  return decoded == text || decoded == trainer::to_nfc(text);
}

// Differs, most likely, for other tokens or another order of them.
std::uint64_t fingerprint(const trainer::Tokenizer& tokenizer, const Texts& texts,
                          std::size_t& tokens) {
  std::uint64_t sum = 0;
  for (const std::string& text : texts) {
    for (const trainer::TokenId id : tokenizer.encode(text)) {
      sum = (sum * 31 + static_cast<std::uint64_t>(id)) & 0xffffffff;
      ++tokens;
    }
  }
  return sum;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr, "usage: tokenizer_bench <directory> <file> ...\n");
    return 2;
  }
  Texts texts;
  for (int i = 2; i < argc; ++i) append_texts(argv[i], texts);
  const auto tokenizer =
      trainer::Tokenizer::load(argv[1], std::numeric_limits<std::int32_t>::max());
  std::size_t bytes = 0, tokens = 0;
  for (const std::string& text : texts) {
    bytes += text.size();
    if (comes_back(tokenizer, text)) continue;
    std::fprintf(stderr, "a text does not come back\n");
    return 1;
  }
  const std::uint64_t sum = fingerprint(tokenizer, texts, tokens);
  const auto encode_all = [&] {
    for (const std::string& text : texts) tokenizer.encode(text);
  };
  std::vector<double> times;
  for (int i = 0; i < 9; ++i) times.push_back(bench::thread_time(encode_all, 1));
  const double time = bench::median(times);
  std::printf(R"({"texts": %zu, "bytes": %zu, "tokens": %zu, "fingerprint": %llu, )"
              R"("seconds": %.6f, "MB/s": %.1f, "tokens/s": %.3g})"
              "\n",
              texts.size(), bytes, tokens, static_cast<unsigned long long>(sum), time,
              static_cast<double>(bytes) / time / 1e6, static_cast<double>(tokens) / time);
}
