#include "examples/least_squares/csv_reader.h"

#include <charconv>
#include <cmath>
#include <fstream>
#include <string_view>
#include <vector>

#include "examples/least_squares/failure.h"

namespace least_squares {

namespace {

using Words = std::vector<std::string_view>;

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\r");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

Words split(std::string_view line) {
  Words words;
  for (;;) {
    const std::size_t comma = line.find(',');
    words.push_back(trimmed(line.substr(0, comma)));
    if (comma == std::string_view::npos) return words;
    line.remove_prefix(comma + 1);
  }
}

std::optional<double> finite_number(std::string_view word) {
  double value = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  const bool whole = error == std::errc() && end == word.data() + word.size();
  // The quantizer works in float.
  const bool fits = std::fabs(value) <= static_cast<double>(roste::kLargestFloat);
  return whole && fits ? std::optional(value) : std::nullopt;
}

bool names_columns(const Words& words) {
  for (const std::string_view word : words) {
    if (!word.empty() && std::isalpha(static_cast<unsigned char>(word.front()))) return true;
  }
  return false;
}

// What has been read so far, and where the reader is.
struct Reading {
  std::string file;
  std::size_t line = 0;
  std::size_t columns = 0;
  std::optional<std::size_t> label_column;
  std::vector<double> features, labels;
};

// Quoted input is cut and stripped of control characters: an error is one line.
std::string quoted(std::string_view word) {
  std::string text;
  for (const char c : word.substr(0, 40))
    text += std::iscntrl(static_cast<unsigned char>(c)) ? '?' : c;
  return "\"" + text + "\"";
}

[[noreturn]] void refuse(const Reading& reading, const std::string& problem) {
  throw Failure(ExitCode::kUsage,
                reading.file + ":" + std::to_string(reading.line) + ": " + problem);
}

void read_names(const Words& words, Reading& reading) {
  for (std::size_t c = 0; c < words.size(); ++c) {
    if (words[c] == "y") reading.label_column = c;
  }
}

void read_numbers(const Words& words, Reading& reading) {
  for (std::size_t c = 0; c < words.size(); ++c) {
    const auto value = finite_number(words[c]);
    if (!value) {
      refuse(reading, "column " + std::to_string(c + 1) + " is " + quoted(words[c]) +
                          ", expected a finite number of float's range");
    }
    (reading.label_column == c ? reading.labels : reading.features).push_back(*value);
  }
}

void read_line(std::string_view line, Reading& reading) {
  if (trimmed(line).empty()) return;
  const Words words = split(line);
  if (reading.columns == 0) reading.columns = words.size();
  if (words.size() != reading.columns) {
    refuse(reading, std::to_string(words.size()) + " columns, expected " +
                        std::to_string(reading.columns) + " as in the first line");
  }
  const bool first = reading.features.empty() && reading.labels.empty();
  if (first && names_columns(words)) {
    read_names(words, reading);
  } else {
    read_numbers(words, reading);
  }
}

Samples samples_of(const Reading& reading) {
  const std::size_t d = reading.columns - (reading.label_column ? 1 : 0);
  if (reading.features.empty()) refuse(reading, "no samples, expected lines of numbers");
  const auto rows = static_cast<Eigen::Index>(reading.features.size() / d);
  Samples samples;
  samples.x = Eigen::Map<const Matrix>(reading.features.data(), rows, static_cast<Eigen::Index>(d));
  if (reading.label_column) samples.y = Eigen::Map<const Vector>(reading.labels.data(), rows);
  return samples;
}

}  // namespace

Samples read_samples(const std::string& file) {
  std::ifstream stream(file);
  if (!stream) throw Failure(ExitCode::kUsage, file + ": cannot be opened for reading");
  Reading reading;
  reading.file = file;
  for (std::string line; std::getline(stream, line);) {
    ++reading.line;
    read_line(line, reading);
  }
  if (stream.bad()) throw Failure(ExitCode::kIo, file + ": reading failed");
  return samples_of(reading);
}

}  // namespace least_squares
