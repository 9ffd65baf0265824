// A flag as data: its name, which commands know it, how its text becomes a field, and what --help
// says. The command line, recipes, suggestions and help all read the same table.
#pragma once

#include <functional>
#include <initializer_list>
#include <string>
#include <vector>

#include "reference_trainer/commands/options_names.h"
#include "reference_trainer/commands/options_values.h"

namespace trainer {

class CommandSet {
 public:
  constexpr CommandSet(std::initializer_list<Command> commands) {
    for (const Command command : commands) bits_ |= 1u << static_cast<unsigned>(command);
  }
  constexpr bool contains(Command command) const {
    return (bits_ >> static_cast<unsigned>(command) & 1u) != 0;
  }
  constexpr CommandSet without(Command command) const {
    CommandSet rest = *this;
    rest.bits_ &= ~(1u << static_cast<unsigned>(command));
    return rest;
  }

 private:
  unsigned bits_ = 0;
};

enum class FlagKind { kValue, kSwitch };  // --seed 7; --quiet

struct Flag {
  std::string name;        // without dashes, e.g. learning_rate
  std::string value_name;  // for --help, e.g. NUMBER
  std::string help;        // one line
  FlagKind kind = FlagKind::kValue;
  std::function<void(const FlagValue&, CommandLine&)> assign;  // throws CL-02, CL-03, CL-04
  std::function<std::string(const CommandLine&)> shown;  // the field as text; empty: no default
};

// A row of the table: who knows the flag, who cannot do without it, under which heading it is
// shown.
struct FlagRow {
  std::string group;
  CommandSet commands;
  CommandSet required;
  Flag flag;
};

// Every flag but --help, --version and --recipe, in the order of assignment and of --help.
std::vector<FlagRow> make_flag_table();

// What the fields of a command are before recipe and command line speak.
CommandLine defaults_of(Command command);

}  // namespace trainer
