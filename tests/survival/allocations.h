// operator new of this program, which can be told to fail.
#pragma once

namespace trainer {

inline constexpr long kAllAllocations = -1;

// The next `count` allocations succeed, and none after them.
void allow_allocations(long count);

}  // namespace trainer
