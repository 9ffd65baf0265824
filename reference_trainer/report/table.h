// A table of text for terminals.
#pragma once

#include <string>
#include <vector>

namespace trainer {

struct Table {
  std::vector<std::string> header;             // names of the columns
  std::vector<std::vector<std::string>> rows;  // as many cells as the header
};

// Columns separated by two spaces and a rule under the header; the first column is aligned left,
// the others, which hold numbers, right. Width is counted in UTF-8 characters. Ends in a newline.
// Throws std::invalid_argument for a row of another length.
std::string text_table(const Table& table);

}  // namespace trainer
