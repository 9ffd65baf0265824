// What this machine can do at best: the plainest loops over the same memory, and multiplications
// with everything in registers. A kernel's share of these says how much is left.
#pragma once

#include <cstdint>
#include <span>

namespace bench {

// y := 1.0001 x; repeated in place it ends in infinity, at full speed, where a factor below 1 would
// end in slow subnormal numbers. y may be x. Sizes: a multiple of 64 values.
void scale(std::span<const float> x, std::span<float> y);

// Largest value of x, or 0 where none is positive. Size: a multiple of 64 values.
float read_all(std::span<const float> x);

// Multiplications and additions of 8-bit integers per second and core, two per product, by
// vpdpbusd on 64-byte registers; 0 where the processor has none.
double dot_peak();

}  // namespace bench
