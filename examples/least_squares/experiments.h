// The four experiments. Each says what it found in words and tables, and as files.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "examples/least_squares/csv_reader.h"
#include "examples/least_squares/output.h"
#include "examples/least_squares/settings.h"

namespace least_squares {

struct Workload {
  Settings settings;
  std::optional<Samples> samples;  // in the place of synthetic ones
};

struct Report {
  std::string text;         // for the terminal
  std::vector<File> files;  // CSV files and figures
  bool holds = true;        // whether every bound held where the theory says that it does
};

// Theorem 4.3: both sides of eq. (18) over the steps.
Report bound_experiment(const Workload& workload);

// Eqs. (18), (20) and (21) over the bit-width of weights.
Report bits_experiment(const Workload& workload);

// Eq. (22): where rotation wins, over dimension and outlier. Synthetic samples only.
Report region_experiment(const Workload& workload);

// Remark 4.5: what the bit-width of features and the dimension do to Assumption 4.2.
Report activations_experiment(const Workload& workload);

}  // namespace least_squares
