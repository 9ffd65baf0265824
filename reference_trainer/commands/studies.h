// What run, sweep and reproduce share: a study from a command line, its results and its report.
#pragma once

#include <string>
#include <vector>

#include "reference_trainer/commands/commands.h"
#include "reference_trainer/commands/fine_tuning.h"
#include "reference_trainer/commands/session.h"
#include "reference_trainer/report/report_files.h"
#include "reference_trainer/study/study.h"
#include "reference_trainer/study/study_report.h"

namespace trainer {

StudySettings study_settings(const CommandLine& line, std::int64_t training_samples);

// A new directory, or one that a study of the same command wrote into before. Throws Error
// (CL-05).
void open_study_directory(const CommandLine& line);

// Everything of a model and its data that methods start from.
template <Backend B>
StartModel start_model(B& backend, const CommandLine& line, Session<B>& session, StudyData data) {
  fold_for_quantization(backend, session);
  StartModel start{session.network.plan, get_parameters(backend, session.network.parameters),
                   session.tokenizer,    session.directory,
                   std::move(data),      {}};
  if (start.data.calibration.empty()) {
    start.data.calibration =
        draw_samples(start.data.train, line.rotation.calibration_samples, line.train.seed);
  }
  start.hash = hash_of(start);
  return start;
}

// results.json in --output_dir.
void write_results(const CommandLine& line, const std::vector<CellResult>& results);

// Says which cell failed, and why.
void say_failure(const CommandLine& line, const CellResult& result);

// Throws Error (TR-04, exit code 5) when cells failed: all others are there.
void check_failures(const std::vector<CellResult>& results);

// Runs all cells, also after one whose numbers went wrong; after each, results.json holds what is
// known.
template <Backend B>
std::vector<CellResult> run_cells(Study<B>& study, const CommandLine& line,
                                  const std::vector<Cell>& cells) {
  std::vector<CellResult> results;
  for (const Cell& cell : cells) {
    results.push_back(study.try_run(cell));
    if (!results.back().failure.empty()) say_failure(line, results.back());
    write_results(line, results);
  }
  return results;
}

// What rotations do to the start of a cell.
template <Backend B>
StartViews views_of(B& backend, Study<B>& study, const StudySettings& settings, const Cell& cell) {
  const StartModel& start = study.start_of(cell);
  const std::uint64_t seed = settings.rotation_seed + cell.seed;
  const RotationChoice none = RotationChoice::shared(RotationMask(), start.plan.shape, seed);
  const Network<B> network = network_of(backend, start, start.parameters, {}, none);
  return {cell.model, setting_name(cell.quant),
          view_sites(backend, network, seed, start.data.calibration),
          measure_errors<B>(backend, network, cell.quant, seed, start.data.calibration)};
}

// Writes report.html and what belongs to it into a directory, removes what an earlier report left
// in its figures/ and data/, and returns its path.
std::filesystem::path write_report(const std::filesystem::path& directory, const Report& report);

// The same of findings, with the pictures of earlier calls.
std::filesystem::path write_study_report(const std::filesystem::path& directory,
                                         const StudyFindings& findings);

// Tables and the methods' settings on stdout, or all results as JSON.
void print_study(const CommandLine& line, const std::vector<CellResult>& results);

}  // namespace trainer
