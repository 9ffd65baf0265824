#include "reference_trainer/report/table.h"

#include <algorithm>
#include <stdexcept>

namespace trainer {
namespace {

using Cells = std::vector<std::string>;

// Characters, not bytes: continuation bytes of UTF-8 take no column.
std::size_t width(const std::string& text) {
  const auto begins = [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; };
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), begins));
}

void check(const Table& table) {
  for (std::size_t i = 0; i < table.rows.size(); ++i) {
    if (table.rows[i].size() == table.header.size()) continue;
    throw std::invalid_argument("table row " + std::to_string(i) + " has " +
                                std::to_string(table.rows[i].size()) + " cells, the header has " +
                                std::to_string(table.header.size()));
  }
}

std::vector<std::size_t> column_widths(const Table& table) {
  std::vector<std::size_t> widths;
  for (std::size_t c = 0; c < table.header.size(); ++c) {
    std::size_t widest = width(table.header[c]);
    for (const Cells& row : table.rows) widest = std::max(widest, width(row[c]));
    widths.push_back(widest);
  }
  return widths;
}

std::string padded(const std::string& cell, std::size_t column, std::size_t columns_width) {
  const std::string space(columns_width - width(cell), ' ');
  return column == 0 ? cell + space : space + cell;
}

std::string text_row(const Cells& cells, const std::vector<std::size_t>& widths) {
  std::string line;
  for (std::size_t c = 0; c < cells.size(); ++c)
    line += (c == 0 ? "" : "  ") + padded(cells[c], c, widths[c]);
  line.erase(line.find_last_not_of(' ') + 1);
  return line + "\n";
}

}  // namespace

std::string text_table(const Table& table) {
  check(table);
  const std::vector<std::size_t> widths = column_widths(table);
  Cells rule;
  for (const std::size_t w : widths) rule.emplace_back(w, '-');
  std::string text = text_row(table.header, widths) + text_row(rule, widths);
  for (const Cells& row : table.rows) text += text_row(row, widths);
  return text;
}

}  // namespace trainer
