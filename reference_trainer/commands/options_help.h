// What a newcomer is told about each command.
#pragma once

#include <string_view>

#include "reference_trainer/commands/options.h"

namespace trainer {

struct CommandHelp {
  std::string_view what;     // one line
  std::string_view when;     // when one needs it
  std::string_view example;  // a complete invocation without the program's name
};

// Throws std::out_of_range for kHelp and kNone, which are no commands of the user's.
const CommandHelp& help_of(Command command);

}  // namespace trainer
