// The objective of eq. (12), taken apart: every term, under every setting of the rotations it
// depends on.
#pragma once

#include <array>
#include <span>
#include <string>
#include <string_view>
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

// What is summed.
enum class ErrorScale {
  kAbsolute,    // squared errors as eq. (12) has it
  kRelative,    // each divided by the squared norm of its unrotated tensor: small ones count too
  kPerElement,  // mean squared error of each tensor, counted once, as the released code has it
};

// The words for them, in flags and files; indexed by the enumerators.
inline constexpr std::array<std::string_view, 3> kErrorScaleNames = {"absolute", "relative",
                                                                     "per_element"};
constexpr std::string_view name_of(ErrorScale scale) {
  return kErrorScaleNames[static_cast<std::size_t>(scale)];
}

// What one term adds, smaller is better; readers times its error but for kPerElement. A zero tensor
// adds 0.
double term_value(const ErrorTerm& term, RotationMask mask, ErrorScale scale);

// E of eq. (12): smaller is better.
double objective(const ErrorTable& table, RotationMask shared_mask,
                 ErrorScale scale = ErrorScale::kAbsolute);

// The same for a mask of each layer, [layers].
double objective(const ErrorTable& table, std::span<const RotationMask> layers,
                 ErrorScale scale = ErrorScale::kAbsolute);

// All 16 masks, those with fewer rotations first and then by bits: the order in which ties are
// decided.
std::array<RotationMask, 16> masks_by_count();

// Result of the search: eq. (9) with the four variables shared by all layers.
struct SharedSearch {
  std::array<double, 16> objectives{};  // [RotationMask::bits()]
  RotationMask best;                    // smallest objective; ties go to fewer rotations
};
SharedSearch search_shared(const ErrorTable& table, ErrorScale scale = ErrorScale::kAbsolute);

}  // namespace trainer
