// What a newcomer is told about each command.
#pragma once

#include <string>

#include "reference_trainer/commands/options.h"

namespace trainer {

struct CommandHelp {
  std::string what;     // one line
  std::string when;     // when one needs it
  std::string example;  // a complete invocation without the program's name
};

CommandHelp help_of(Command command);

}  // namespace trainer
