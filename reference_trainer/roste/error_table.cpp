#include "reference_trainer/roste/error_table.h"

namespace trainer {

double objective(const ErrorTable& table, RotationMask shared_mask) {
  double sum = 0;
  for (const ErrorTerm& term : table.terms)
    sum += term.readers * term.at(shared_mask).squared_error;
  return sum;
}

SharedSearch search_shared(const ErrorTable& table) {
  SharedSearch result;
  for (unsigned bits = 0; bits < 16; ++bits)
    result.objectives[bits] = objective(table, RotationMask(bits));
  for (int count = 1; count <= 4; ++count) {
    for (unsigned bits = 0; bits < 16; ++bits) {
      const RotationMask mask(bits);
      if (mask.count() == count && result.objectives[bits] < result.objectives[result.best.bits()])
        result.best = mask;
    }
  }
  return result;
}

}  // namespace trainer
