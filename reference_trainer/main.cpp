// reference_trainer: parse, run, report. `reference_trainer --help` lists the commands.
#include <exception>

#include "reference_trainer/base/process.h"
#include "reference_trainer/base/stop_request.h"
#include "reference_trainer/commands/commands.h"
#include "reference_trainer/commands/report_error.h"

int main(int argc, char** argv) {
  trainer::reserve_standard_streams();
  trainer::install_signal_rules();
  trainer::install_terminate_rule();
  try {
    return trainer::dispatch(trainer::parse_command_line(argc, argv));
  } catch (const std::exception& error) {
    return trainer::report_error(error);
  }
}
