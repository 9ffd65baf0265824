// Tokens of many texts, for tokenizer_many.py: reads JSON strings from stdin, one a line, and
// writes a line [ids, decoded text] for each. Argument: the directory of the tokenizer.
#include <cstdio>
#include <iostream>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>

#include "reference_trainer/data/tokenizer.h"

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  const auto tokenizer =
      trainer::Tokenizer::load(argv[1], std::numeric_limits<std::int32_t>::max());
  std::string line;
  while (std::getline(std::cin, line)) {
    const auto ids = tokenizer.encode(nlohmann::json::parse(line).get<std::string>());
    std::puts(nlohmann::json{ids, tokenizer.decode(ids)}.dump().c_str());
  }
}
