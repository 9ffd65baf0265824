// A table of words and numbers, for a file and for a terminal.
#pragma once

#include <string>
#include <variant>
#include <vector>

namespace least_squares {

using Cell = std::variant<std::string, double>;

struct Table {
  std::vector<std::string> columns;     // names
  std::vector<std::vector<Cell>> rows;  // as many cells as columns
};

// `value` with `digits` significant digits; whole numbers below 10^9 as they are.
std::string number_text(double value, int digits);

// Comma-separated, a line of names first, numbers with nine digits. Words hold no commas.
std::string csv_text(const Table& table);

// Aligned columns two spaces apart, numbers with four digits, each line after `indent` spaces.
std::string terminal_text(const Table& table, int indent);

}  // namespace least_squares
