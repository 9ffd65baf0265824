// argv to words: which command, which flags with which text. The only place that knows CLI11.
#pragma once

#include <map>
#include <span>
#include <string>

#include "reference_trainer/commands/options_flags.h"

namespace trainer {

// Flag values by flag name, from the command line or a recipe.
using GivenFlags = std::map<std::string, FlagValue>;

struct SplitArguments {
  Command command = Command::kNone;
  std::string text;  // help or version, for kHelp and kNone
  GivenFlags given;  // may contain "recipe"
};

// Throws Error(kUsage): CL-01 unknown command or flag, CL-04 repeated flag, CL-09 flag without
// value.
SplitArguments split_arguments(int argc, const char* const* argv, std::span<const FlagRow> table);

// Throws CL-01 for a flag or key that `command` does not know, naming the nearest one it knows or
// the commands that know it. `word` is what the user wrote, with or without dashes.
[[noreturn]] void throw_unknown_flag(const std::string& word, const std::string& where,
                                     Command command, std::span<const FlagRow> table);

}  // namespace trainer
