#include "reference_trainer/roste/error_table.h"

namespace trainer {

double term_value(const ErrorTerm& term, RotationMask mask, ErrorScale scale) {
  const double error = term.readers * term.at(mask).squared_error;
  if (scale == ErrorScale::kAbsolute) return error;
  if (scale == ErrorScale::kPerElement) {
    const double values = term.at(mask).values;
    return values > 0 ? term.at(mask).squared_error / values : 0;
  }
  const double norm = term.at(RotationMask()).squared_norm;  // rotations keep it
  return norm > 0 ? error / norm : 0;
}

double objective(const ErrorTable& table, RotationMask shared_mask, ErrorScale scale) {
  double sum = 0;
  for (const ErrorTerm& term : table.terms) sum += term_value(term, shared_mask, scale);
  return sum;
}

double objective(const ErrorTable& table, std::span<const RotationMask> layers, ErrorScale scale) {
  double sum = 0;
  for (const ErrorTerm& term : table.terms) sum += term_value(term, layers[term.layer], scale);
  return sum;
}

std::array<RotationMask, 16> masks_by_count() {
  std::array<RotationMask, 16> masks;
  std::size_t filled = 0;
  for (int count = 0; count <= 4; ++count) {
    for (unsigned bits = 0; bits < 16; ++bits) {
      if (RotationMask(bits).count() == count) masks[filled++] = RotationMask(bits);
    }
  }
  return masks;
}

SharedSearch search_shared(const ErrorTable& table, ErrorScale scale) {
  SharedSearch result;
  for (unsigned bits = 0; bits < 16; ++bits)
    result.objectives[bits] = objective(table, RotationMask(bits), scale);
  for (const RotationMask mask : masks_by_count()) {
    if (result.objectives[mask.bits()] < result.objectives[result.best.bits()]) result.best = mask;
  }
  return result;
}

}  // namespace trainer
