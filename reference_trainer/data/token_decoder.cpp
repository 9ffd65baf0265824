#include "reference_trainer/data/token_decoder.h"

#include <charconv>
#include <utility>

#include "reference_trainer/data/byte_level.h"
#include "reference_trainer/data/utf8.h"

namespace trainer {
namespace {

std::string text_of_bytes(std::string_view bytes) {
  if (find_invalid_utf8(bytes) == std::string_view::npos) return std::string(bytes);
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); ++i) text += kReplacementCharacter;
  return text;
}

std::vector<std::string> apply(const Replace& replace, std::vector<std::string> tokens) {
  for (std::string& token : tokens) token = replace_all(replace, token);
  return tokens;
}

std::vector<std::string> apply(const ByteFallback&, std::vector<std::string> tokens) {
  std::vector<std::string> result;
  std::string bytes;
  const auto end_run = [&] {
    if (!bytes.empty()) result.push_back(text_of_bytes(bytes));
    bytes.clear();
  };
  for (std::string& token : tokens) {
    if (const auto byte = byte_of_token(token)) {
      bytes += static_cast<char>(*byte);
    } else {
      end_run();
      result.push_back(std::move(token));
    }
  }
  end_run();
  return result;
}

std::vector<std::string> apply(const Fuse&, std::vector<std::string> tokens) {
  std::string text;
  for (const std::string& token : tokens) text += token;
  return {std::move(text)};
}

std::string_view strip(const Strip& step, std::string_view text) {
  for (std::int64_t n = 0; n < step.start && text.starts_with(step.content); ++n) {
    text.remove_prefix(step.content.size());
  }
  for (std::int64_t n = 0; n < step.stop && text.ends_with(step.content); ++n) {
    text.remove_suffix(step.content.size());
  }
  return text;
}

std::vector<std::string> apply(const Strip& step, std::vector<std::string> tokens) {
  for (std::string& token : tokens) token = std::string(strip(step, token));
  return tokens;
}

std::vector<std::string> apply(const ByteLevelDecoding&, std::vector<std::string> tokens) {
  std::string bytes;
  for (const std::string& token : tokens) bytes += from_byte_level(token);
  return {lossy_utf8(bytes)};
}

std::string join(const std::vector<std::string>& tokens, std::string_view separator) {
  std::string text;
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    if (i > 0) text += separator;
    text += tokens[i];
  }
  return text;
}

}  // namespace

std::string decode_tokens(const std::optional<std::vector<DecoderStep>>& decoder,
                          std::vector<std::string> tokens) {
  if (!decoder) return join(tokens, " ");
  for (const DecoderStep& step : *decoder) {
    tokens = std::visit([&](const auto& s) { return apply(s, std::move(tokens)); }, step);
  }
  return join(tokens, "");
}

std::optional<unsigned char> byte_of_token(std::string_view token) {
  if (token.size() != 6 || !token.starts_with("<0x") || token.back() != '>') return std::nullopt;
  unsigned char byte = 0;
  const char* end = token.data() + 5;
  const auto [stop, error] = std::from_chars(token.data() + 3, end, byte, 16);
  if (error != std::errc() || stop != end) return std::nullopt;
  return byte;
}

}  // namespace trainer
