// `run` and `sweep`: methods compared on a model and data of the user's.
#include <algorithm>

#include "reference_trainer/base/error.h"
#include "reference_trainer/commands/studies.h"
#include "reference_trainer/io/directory_lock.h"
#include "reference_trainer/report/number_text.h"
#include "reference_trainer/report/table.h"

namespace trainer {
namespace {

constexpr const char* kModel = "model";  // its name in cells and tables

std::vector<Cell> cells_of_line(const CommandLine& line) {
  try {
    return cells_of({kModel}, line.study.methods, line.settings, line.study.seeds);
  } catch (const std::invalid_argument& e) {
    throw_usage({"CL-02", "--methods", e.what(), "methods joined by +", "e.g. sft+gptq+roste"});
  }
}

// `run` tests on --eval_dataset or held-out samples; `sweep` chooses on --validation_dataset or
// held-out samples and leaves the test alone.
StudyData study_data(const CommandLine& line, const Tokenizer& tokenizer, const ModelShape& shape) {
  StudyData data;
  CommandLine reading = line;
  if (line.command == Command::kSweep) reading.data.eval_dataset = line.data.validation_dataset;
  DataSplits splits = load_splits(reading, tokenizer, shape);
  data.train = std::move(splits.train);
  if (line.command == Command::kSweep) {
    data.validation = std::move(splits.eval);
    if (!line.data.eval_dataset.empty())
      data.test = load_dataset(line, line.data.eval_dataset, tokenizer, shape).samples;
    say_overlap(line, data.train, data.test);
    return data;
  }
  data.test = std::move(splits.eval);
  if (!line.data.validation_dataset.empty())
    data.validation = load_dataset(line, line.data.validation_dataset, tokenizer, shape).samples;
  say_overlap(line, data.train, data.validation);
  return data;
}

template <Backend B>
StartModel load_start(B& backend, const CommandLine& line) {
  Session<B> session = load_session(backend, line);
  StudyData data = study_data(line, session.tokenizer, session.shape());
  say_rotation_notes(
      line, session.shape(),
      RotationChoice::shared(RotationMask(15), session.shape(), line.rotation.rotation_seed));
  return start_model(backend, line, session, std::move(data));
}

template <Backend B>
Study<B> make_study(B& backend, const CommandLine& line, StartModel start) {
  const auto samples = static_cast<std::int64_t>(start.data.train.size());
  // Copied for every seed: the model is the same, only orders and signs differ.
  const auto loader = [start = std::move(start)](const std::string&, std::uint64_t) {
    return start;
  };
  return Study<B>(
      backend, study_settings(line, samples),
      {line.output_dir, progress_style(line), line.train.logging_steps, line.train.events}, loader);
}

std::string tuning_text(const CellResult& r, const Cell& cell) {
  const nlohmann::json& training = r.settings.value("training", nlohmann::json::object());
  const std::string rate =
      training.contains("learning_rate") ? shortest_text(training.at("learning_rate")) : "-";
  const bool full = facts_of(cell.method).precision == Precision::kFull;
  return rate + " / " + (full ? "-" : shortest_text(r.cell.quant.weight.clip));
}

void print_sweep(const CommandLine& line, const std::vector<std::vector<CellResult>>& sweeps) {
  Table table{{"method", "setting", "learning rate / c", "validation loss", "test loss", ""}, {}};
  for (const auto& points : sweeps) {
    const std::size_t best = best_on_validation(points);
    for (std::size_t i = 0; i < points.size(); ++i) {
      const CellResult& p = points[i];
      const char* mark = !p.failure.empty() ? "failed" : i == best ? "chosen" : "";
      table.rows.push_back({method_label(p.cell), setting_name(p.cell.quant),
                            tuning_text(p, p.cell), fixed_text(p.validation_loss, 4),
                            fixed_text(p.test_loss, 4), mark});
    }
  }
  if (line.format == ResultFormat::kTable) print_result(text_table(table));
}

}  // namespace

template <Backend B>
void run_command(B& backend, const CommandLine& line) {
  const std::vector<Cell> cells = cells_of_line(line);
  const double began = steady_seconds();
  StartModel start = load_start(backend, line);
  open_study_directory(line);
  const DirectoryLock lock(line.output_dir);
  Study<B> study = make_study(backend, line, std::move(start));
  StudyFindings findings{
      run_info(line), line.output_dir, run_cells(study, line, cells), {}, ConvergenceGuard::kNone};
  const StudySettings settings = study_settings(line, 1);
  const auto quantized = std::ranges::find_if(
      cells, [](const Cell& c) { return facts_of(c.method).precision == Precision::kQuantized; });
  if (quantized != cells.end())
    findings.views.push_back(views_of(backend, study, settings, *quantized));
  findings.run.wall_seconds = steady_seconds() - began;
  const std::filesystem::path report = write_study_report(line.output_dir, findings);
  print_study(line, findings.results);
  say(line, "report: " + report.string());
  check_failures(findings.results);
}

template <Backend B>
void sweep_command(B& backend, const CommandLine& line) {
  const std::vector<Cell> cells = cells_of_line(line);
  StartModel start = load_start(backend, line);
  open_study_directory(line);
  const DirectoryLock lock(line.output_dir);
  Study<B> study = make_study(backend, line, std::move(start));
  std::vector<std::vector<CellResult>> sweeps;
  std::vector<CellResult> all, chosen;
  for (const Cell& cell : cells) {
    sweeps.push_back(study.sweep(cell));
    chosen.push_back(sweeps.back()[best_on_validation(sweeps.back())]);
    all.insert(all.end(), sweeps.back().begin(), sweeps.back().end());
    write_results(line, all);
  }
  print_sweep(line, sweeps);
  if (line.format == ResultFormat::kJson) print_study(line, all);
  check_failures(chosen);
}

template void run_command(Cpu&, const CommandLine&);
template void sweep_command(Cpu&, const CommandLine&);

}  // namespace trainer
