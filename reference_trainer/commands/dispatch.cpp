#include "reference_trainer/commands/commands.h"

#include "reference_trainer/base/error.h"
#include "reference_trainer/base/process.h"
#include "reference_trainer/base/stop_request.h"

namespace trainer {
namespace {

template <Backend B>
void run_on(B& backend, const CommandLine& line) {
  switch (line.command) {
    case Command::kPretrain:
      return pretrain_command(backend, line);
    case Command::kConvert:
      return convert_command(backend, line);
    case Command::kRotate:
      return rotate_command(backend, line);
    case Command::kMeasure:
      return measure_command(backend, line);
    case Command::kSearch:
      return search_command(backend, line);
    case Command::kTrain:
      return train_command(backend, line);
    case Command::kMerge:
      return merge_command(backend, line);
    case Command::kQuantize:
      return quantize_command(backend, line);
    case Command::kEval:
      return eval_command(backend, line);
    case Command::kGenerate:
      return generate_command(backend, line);
    case Command::kRun:
      return run_command(backend, line);
    case Command::kSweep:
      return sweep_command(backend, line);
    case Command::kReproduce:
      return reproduce_command(backend, line);
    case Command::kReport:
      return report_command(line);
    case Command::kExport:
      return export_command(backend, line);
    case Command::kHelp:
    case Command::kNone:
      break;
  }
}

// How to go on after a stop, where that is known before.
std::string way_on(const CommandLine& line) {
  switch (line.command) {
    case Command::kTrain:
      return std::filesystem::exists(line.output_dir / "checkpoints") ? "continue with --resume"
                                                                      : "nothing was written";
    case Command::kRun:
    case Command::kSweep:
    case Command::kReproduce:
      return "what is finished is kept: repeat the command";
    default:
      return "no result was written";
  }
}

}  // namespace

int dispatch(const CommandLine& line) {
  if (line.command == Command::kHelp || line.command == Command::kNone) return show_text(line);
  flush_denormals_in_this_thread();
  keep_freed_scratch_memory();
  Cpu backend(static_cast<int>(line.threads));
  try {
    run_on(backend, line);
  } catch (const Stopped& stopped) {
    throw stopped.with_hint(way_on(line));
  }
  return static_cast<int>(ExitCode::kOk);
}

}  // namespace trainer
