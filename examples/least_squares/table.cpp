#include "examples/least_squares/table.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace least_squares {

namespace {

std::string cell_text(const Cell& cell, int digits) {
  if (const auto* word = std::get_if<std::string>(&cell)) return *word;
  return number_text(std::get<double>(cell), digits);
}

std::string joined(const std::vector<std::string>& words) {
  std::string line;
  for (const std::string& word : words) line += (line.empty() ? "" : ",") + word;
  return line + "\n";
}

std::vector<std::string> texts(const std::vector<Cell>& row, int digits) {
  std::vector<std::string> words;
  for (const Cell& cell : row) words.push_back(cell_text(cell, digits));
  return words;
}

// Words to the left, numbers to the right.
std::string padded(const std::string& text, std::size_t width, bool left) {
  const std::string spaces(width - text.size(), ' ');
  return left ? text + spaces : spaces + text;
}

}  // namespace

std::string number_text(double value, int digits) {
  char text[32];
  if (value == std::rint(value) && std::fabs(value) < 1e9) {
    std::snprintf(text, sizeof text, "%.0f", value == 0 ? 0.0 : value);  // no "-0"
  } else {
    std::snprintf(text, sizeof text, "%.*g", digits, value);
  }
  return text;
}

std::string csv_text(const Table& table) {
  std::string text = joined(table.columns);
  for (const auto& row : table.rows) text += joined(texts(row, 9));
  return text;
}

std::string terminal_text(const Table& table, int indent) {
  std::vector<std::vector<std::string>> lines = {table.columns};
  for (const auto& row : table.rows) lines.push_back(texts(row, 4));
  std::string text;
  for (const auto& line : lines) {
    text += std::string(static_cast<std::size_t>(indent), ' ');
    for (std::size_t c = 0; c < line.size(); ++c) {
      std::size_t width = 0;
      for (const auto& other : lines) width = std::max(width, other[c].size());
      const bool words = !table.rows.empty() && table.rows.front()[c].index() == 0;
      text += (c > 0 ? "  " : "") + padded(line[c], width, words);
    }
    text.erase(text.find_last_not_of(' ') + 1);
    text += "\n";
  }
  return text;
}

}  // namespace least_squares
