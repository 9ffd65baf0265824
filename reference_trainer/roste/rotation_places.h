// Where each rotation of Fig. 4 acts, as functions of a site or a linear layer.
#pragma once

#include "reference_trainer/model/parameters.h"
#include "reference_trainer/model/rotations.h"
#include "reference_trainer/model/sites.h"

namespace trainer {

// Which rotation (1 ... 4) acts on a site, and on the two sides of a weight (0: none).
constexpr int rotation_of(Site site) {
  return site == Site::kKey                              ? 3
         : site == Site::kValue || site == Site::kOInput ? 2
         : site == Site::kDownInput                      ? 4
                                                         : 1;
}
constexpr int input_rotation_of(Linear l) {
  return l == Linear::kO ? 2 : l == Linear::kDown ? 4 : 1;
}
constexpr int output_rotation_of(Linear l) {
  return l == Linear::kV ? 2 : l == Linear::kO || l == Linear::kDown ? 1 : 0;
}
constexpr RotationMask only(int rotation) {
  return RotationMask(rotation == 0 ? 0u : 1u << (rotation - 1));
}

// Rotation 1 ... 4 at a layer.
inline const roste::Rotation& matrix_of(const RotationMatrices& h, std::size_t layer,
                                        int rotation) {
  const auto& in_block = h.layers[layer];
  return rotation == 1   ? h.r1
         : rotation == 2 ? in_block.r2
         : rotation == 3 ? in_block.r3
                         : in_block.r4;
}

}  // namespace trainer
