// Samples from a file.
#pragma once

#include <optional>
#include <string>

#include "examples/least_squares/model.h"

namespace least_squares {

struct Samples {
  Matrix x;                 // [n, d]
  std::optional<Vector> y;  // [n], the column named y where there is one
};

// Comma-separated numbers, a sample a line. The first line may name the columns; one named y holds
// labels. Throws Failure naming file, line and column, for anything that is not a finite number and
// for lines of different lengths.
Samples read_samples(const std::string& file);

}  // namespace least_squares
