// reference_trainer: parse, run, report. `reference_trainer --help` lists the commands.
#include <csignal>
#include <exception>

#include "reference_trainer/base/process.h"
#include "reference_trainer/commands/commands.h"
#include "reference_trainer/commands/report_error.h"

int main(int argc, char** argv) {
  trainer::reserve_standard_streams();
  std::signal(SIGPIPE, SIG_IGN);  // a reader that went away is a failed write, CL-07, and no death
  try {
    return trainer::dispatch(trainer::parse_command_line(argc, argv));
  } catch (const std::exception& error) {
    return trainer::report_error(error);
  }
}
