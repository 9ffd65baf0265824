// The command line of the program.
#pragma once

#include <optional>

#include "examples/least_squares/settings.h"

namespace least_squares {

// The settings, or nothing when --help was asked for and printed. Throws Failure(kUsage).
std::optional<Settings> parse_options(int argc, char** argv);

}  // namespace least_squares
