// The objective of eq. (12), taken apart: every term, under every setting of the rotations it
// depends on.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "reference_trainer/model/network.h"

namespace trainer {

// One tensor that is quantized. Its error depends on at most two of the four rotations, so all 16
// shared configurations follow from one calibration pass.
struct ErrorTerm {
  std::size_t layer;
  std::string tensor;       // "down_input", "self_attn.v_proj.weight", ...
  int readers = 1;          // linear layers that count it in eq. (12)
  RotationMask depends_on;  // bits of the rotations that change it
  std::array<QuantizationError, 16>
      by_mask{};  // [RotationMask::bits()], filled where bits is a subset of depends_on

  // Errors are summed over a weight, and averaged over calibration samples for activations.
  const QuantizationError& at(RotationMask mask) const {
    return by_mask[mask.bits() & depends_on.bits()];
  }
};

struct ErrorTable {
  std::vector<ErrorTerm> terms;
  std::int64_t samples = 0;  // n of eq. (12)
};

// E of eq. (12): a sum of squared norms; smaller is better.
double objective(const ErrorTable& table, RotationMask shared_mask);

// Result of the search: eq. (9) with the four variables shared by all layers.
struct SharedSearch {
  std::array<double, 16> objectives{};  // [RotationMask::bits()]
  RotationMask best;                    // smallest objective; ties go to fewer rotations
};
SharedSearch search_shared(const ErrorTable& table);

}  // namespace trainer
