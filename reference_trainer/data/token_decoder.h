// From the strings of tokens back to text: a chain of steps, each from strings to strings.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "reference_trainer/data/normalizer.h"

namespace trainer {

// A run of tokens <0x00> ... <0xFF> becomes the text of its bytes; where they are not UTF-8, every
// byte of the run becomes U+FFFD.
struct ByteFallback {};

struct Fuse {};  // all strings become one

struct Strip {
  std::string content;     // one character
  std::int64_t start = 0;  // at most so many are removed from the left end of every string
  std::int64_t stop = 0;   // and from the right end
};

// All strings together, from the byte-level alphabet to bytes; what is not UTF-8 in them becomes
// U+FFFD.
struct ByteLevelDecoding {};

using DecoderStep = std::variant<Replace, ByteFallback, Fuse, Strip, ByteLevelDecoding>;

// Without a decoder the tokens are words: joined with single spaces.
std::string decode_tokens(const std::optional<std::vector<DecoderStep>>& decoder,
                          std::vector<std::string> tokens);

// The byte that a token <0xAB> stands for.
std::optional<unsigned char> byte_of_token(std::string_view token);

}  // namespace trainer
