// Least squares with quantized weights and features, section 4 of the paper: parse, run, report.
#include <cstdio>
#include <exception>

#include "examples/least_squares/experiments.h"
#include "examples/least_squares/failure.h"
#include "examples/least_squares/options.h"

namespace {

using namespace least_squares;

constexpr const char* kDiverged =
    "the weights stopped being finite; a smaller --step_scale may help";

Report run(Experiment experiment, const Workload& workload) {
  switch (experiment) {
    case Experiment::kBound:
      return bound_experiment(workload);
    case Experiment::kBits:
      return bits_experiment(workload);
    case Experiment::kRegion:
      return region_experiment(workload);
    default:
      return activations_experiment(workload);
  }
}

Samples load_samples(const Settings& settings) {
  Samples samples = read_samples(settings.data_file);
  const bool rotated = settings.rotations.back() == RotationKind::kHadamard;
  const std::int64_t d = samples.x.cols();
  if (rotated && !roste::Rotation::hadamard(d, 0).note().empty()) {
    throw Failure(ExitCode::kUsage,
                  settings.data_file + ": " + std::to_string(d) +
                      " features, and no Hadamard matrix of this order is constructed; "
                      "--rotation none needs none");
  }
  return samples;
}

ExitCode run_all(const Settings& settings) {
  if (!settings.output_dir.empty()) check_output_directory(settings.output_dir);
  Workload workload{settings, {}};
  if (!settings.data_file.empty()) workload.samples = load_samples(settings);
  std::vector<File> files;
  bool holds = true;
  for (const Experiment experiment : settings.experiments) {
    const Report report = run(experiment, workload);
    std::fputs(report.text.c_str(), stdout);
    files.insert(files.end(), report.files.begin(), report.files.end());
    holds = holds && report.holds;
  }
  if (!settings.output_dir.empty()) write_directory(settings.output_dir, files);
  return holds ? ExitCode::kOk : ExitCode::kBoundBroken;
}

int fail(ExitCode code, const char* line) {
  std::fprintf(stderr, "error: %s\n", line);
  return static_cast<int>(code);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const auto settings = parse_options(argc, argv);
    return settings ? static_cast<int>(run_all(*settings)) : 0;
  } catch (const Failure& failure) {
    return fail(failure.code(), failure.what());
  } catch (const roste::NonFiniteError&) {
    return fail(ExitCode::kNumerics, kDiverged);
  } catch (const std::overflow_error&) {
    return fail(ExitCode::kNumerics, kDiverged);
  } catch (const std::exception& error) {
    return fail(ExitCode::kUsage, error.what());
  }
}
