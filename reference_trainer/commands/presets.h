// Sets of flags that have a name.
#pragma once

#include <span>

#include "reference_trainer/commands/options.h"

namespace trainer {

struct PresetValue {
  const char* flag;
  const char* value;
};

// What the flags of a preset are unless recipe or command line say otherwise; flags that a command
// does not know are left out there.
std::span<const PresetValue> values_of(Preset preset);

}  // namespace trainer
