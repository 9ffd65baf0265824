// Everything that the command line decides; --help prints the same meanings and defaults.
#pragma once

#include <string>
#include <vector>

#include "examples/least_squares/data.h"

namespace least_squares {

enum class RotationKind { kNone, kHadamard };
enum class Experiment { kBound, kBits, kRegion, kActivations };

struct Settings {
  std::vector<Experiment> experiments = {Experiment::kBound, Experiment::kBits, Experiment::kRegion,
                                         Experiment::kActivations};
  std::vector<RotationKind> rotations = {RotationKind::kNone, RotationKind::kHadamard};
  DataSettings data;      // synthetic samples, weights and labels
  std::string data_file;  // samples from a CSV file instead, e.g. x.csv
  int w_bits = 4;         // b_w of Q_w, symmetric: 2 ... 16, or 32 for none
  int a_bits = 8;         // bits of Q_x: 2 ... 16 (asymmetric 1 ... 16), or 32 for none
  roste::RangeRule a_range = roste::RangeRule::kSymmetric;  // of Q_x
  double delta = 0.05;     // eqs. (21), (22) hold with probability 1 - delta
  double step_scale = 1;   // eta in units of lambda_min / (6 rho)
  int steps = 2000;        // T of eq. (15)
  int paths = 64;          // sequences of samples that are followed for an expectation
  int seeds = 8;           // problems and rotations, each with its own seed
  std::string output_dir;  // for CSV files and figures; empty: none are written
};

// "none", "hadamard".
inline const char* name_of(RotationKind kind) {
  return kind == RotationKind::kNone ? "none" : "hadamard";
}

}  // namespace least_squares
