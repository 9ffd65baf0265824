// What the backward pass puts in the place of a quantizer's derivative, which is 0 almost
// everywhere.
#pragma once

#include <concepts>

#include "roste/core/grid.h"
#include "roste/core/host_device.h"

namespace roste {

struct StraightThrough {};  // eq. (6): the derivative of Q is taken to be 1
struct ClippedStraightThrough {
};  // 1 inside of the representable range, 0 where the code saturates

template <class T>
concept SteRule = std::same_as<T, StraightThrough> || std::same_as<T, ClippedStraightThrough>;

// dL/dx of one value from dL/dQ(x).
template <SteRule Rule>
ROSTE_HD inline float ste_gradient(float x, GroupParams params, CodeRange codes, float dy) {
  if constexpr (std::same_as<Rule, ClippedStraightThrough>) {
    return saturates(x, params, codes) ? 0.0f : dy;
  } else {
    return dy;  // eq. (6)
  }
}

}  // namespace roste
