// `reproduce`: the paper's tables and figures on the built-in task, from nothing.
#include <algorithm>
#include <cmath>
#include <set>

#include "reference_trainer/base/error.h"
#include "reference_trainer/commands/fine_tuning.h"
#include "reference_trainer/commands/options_flags.h"
#include "reference_trainer/commands/options_names.h"
#include "reference_trainer/commands/studies.h"
#include "reference_trainer/io/directory_lock.h"
#include "reference_trainer/report/number_text.h"
#include "reference_trainer/study/claims.h"
#include "reference_trainer/study/cost.h"

namespace trainer {
namespace {

std::vector<Cell> cells_of_line(const CommandLine& line) {
  try {
    std::vector<Cell> cells = parse_cells(line.study.cells, line.quant);
    for (const Cell& cell : cells) architecture_of(cell.model);
    return cells;
  } catch (const std::invalid_argument& e) {
    throw_usage({"CL-02", "--cells", e.what(), "models/methods/settings/seeds",
                 "e.g. pythia/sft+ste+roste/W3A3KV3+W4A4KV4/3"});
  }
}

// The command line of `pretrain` for a base model of the study.
CommandLine base_line(const CommandLine& line, const std::string& model, std::uint64_t seed) {
  CommandLine base = defaults_of(Command::kPretrain);
  base.pretrain.architecture = architecture_of(model);
  base.pretrain.sizes = line.pretrain.sizes;
  base.pretrain.sizes.calibration =
      std::max(base.pretrain.sizes.calibration, line.rotation.calibration_samples);
  base.train.seed = line.train.seed + seed;
  base.train.max_steps = line.study.pretraining_steps;
  base.threads = line.threads;
  base.verbosity = line.verbosity;
  base.output_dir = line.output_dir / "models" /
                    (model + "-s" + std::to_string(base.train.seed) + "-" +
                     hash_of_key(base_model_key(base)).substr(0, 12));
  return base;
}

// The base model of --seed + seed, trained once; a killed training leaves none and begins again.
template <Backend B>
StartModel load_start(B& backend, const CommandLine& line, const std::string& model,
                      std::uint64_t seed) {
  const CommandLine base = base_line(line, model, seed);
  const std::filesystem::path directory = base.output_dir / "model";
  if (!std::filesystem::exists(directory)) {
    std::filesystem::remove_all(base.output_dir);  // data without a model
    make_base_model(backend, base);
  }
  CommandLine reading = line;
  reading.model.model_name_or_path = directory;
  Session<B> session = load_session(backend, reading);
  const auto samples = [&](const char* name) {
    return load_dataset(line, base.output_dir / "data" / name, session.tokenizer, session.shape())
        .samples;
  };
  StudyData data{samples("train.jsonl"), samples("calibration.jsonl"), samples("validation.jsonl"),
                 samples("test.jsonl")};
  const auto wanted = static_cast<std::size_t>(line.rotation.calibration_samples);
  if (data.calibration.size() > wanted) data.calibration.resize(wanted);
  return start_model(backend, reading, session, std::move(data));
}

// Seconds of an optimizer step: the fastest of a few, on the first start.
template <Backend B>
double measured_step(B& backend, const StudySettings& settings, const StartModel& start) {
  constexpr int kSteps = 5;
  Network<B> network =
      network_of(backend, start, start.parameters, {},
                 RotationChoice::shared(RotationMask(), start.plan.shape, settings.rotation_seed));
  TrainingState<B> state(backend, network);
  TrainingJob<B> job{network, state};
  double fastest = INFINITY, last = steady_seconds();
  job.observer = [&](const StepReport&) {
    const double now = steady_seconds();
    fastest = std::min(fastest, now - last);
    last = now;
  };
  TrainSettings training = settings.training;
  training.max_steps = std::min<std::int64_t>(kSteps, training.max_steps);
  training.learning_rate = 0;  // takes as long, and cannot diverge
  run_training<B>(backend, training, start.data.train, job);
  return fastest;
}

// Tokens of the longest sample: no batch is wider.
std::int64_t longest(const std::vector<SftSample>& samples) {
  std::size_t most = 0;
  for (const SftSample& s : samples) most = std::max(most, s.tokens.size());
  return static_cast<std::int64_t>(most);
}

// Base models that have to be trained for some of `cells`.
std::size_t missing_base_models(const CommandLine& line, const std::vector<Cell>& cells) {
  std::set<std::filesystem::path> directories;
  for (const Cell& cell : cells) {
    const auto directory = base_line(line, cell.model, cell.seed).output_dir;
    if (!std::filesystem::exists(directory / "model")) directories.insert(directory);
  }
  return directories.size();
}

template <Backend B>
Workload workload_of(B& backend, const CommandLine& line, const StudySettings& settings,
                     const StartModel& start) {
  const std::int64_t batch = settings.training.micro_batch;
  Workload work;
  work.training_steps = settings.training.max_steps;
  work.pretraining_steps = line.study.pretraining_steps / 2;  // of half as many tokens
  work.batch_tokens = batch * longest(start.data.train);
  const auto batches = [&](std::size_t samples) {
    return static_cast<std::int64_t>(samples) / batch + 1;
  };
  work.calibration_batches = batches(start.data.calibration.size());
  work.evaluation_batches = batches(start.data.test.size() + start.data.validation.size());
  work.seconds_per_step = measured_step(backend, settings, start);
  // Small batches use the machine worse, and the rotations have a step of their own.
  work.spinquant_steps =
      static_cast<double>(settings.spinquant.steps) *
      std::max(1.0, static_cast<double>(settings.spinquant.batch) / static_cast<double>(batch));
  return work;
}

// Of what is left to do; the first base model is trained before, as a step is measured on it.
template <Backend B>
void say_cost(B& backend, const CommandLine& line, const std::vector<Cell>& cells, Study<B>& study,
              const StudySettings& settings) {
  const Missing left = study.missing(cells);
  const std::string head =
      std::to_string(cells.size()) + " cells, " + std::to_string(left.done) + " of them done";
  if (left.runs.empty()) return say(line, head);
  const StartModel& start = study.start_of(cells.front());
  const Workload work = workload_of(backend, line, settings, start);
  const Cost cost =
      cost_of(left.runs, missing_base_models(line, left.runs), start.plan.shape, work);
  say(line, head + ": " + cost_text(cost));
}

std::string claim_text(const CheckedClaim& c) {
  const char* verdict = c.verdict == Verdict::kHolds   ? "holds"
                        : c.verdict == Verdict::kFails ? "does not hold"
                                                       : "mixed";
  return std::string(c.text) + ", " + c.model + " " + c.setting + ": " + verdict +
         " (test loss differs by " + fixed_text(c.loss.mean, 4) +
         (c.loss.n > 1 ? " +- " + fixed_text(c.loss.sd, 4) : "") + "; " + claim_reason(c) + ")";
}

// The orders of docs/builtin-task.md; of a seed whose SFT has not converged nothing is said.
void say_verdicts(const CommandLine& line, const std::vector<CellResult>& results) {
  const std::vector<CellResult> stuck = unconverged(results);
  for (const CellResult& r : stuck) {
    say(line, "SFT has not converged: " + r.cell.model + " seed " + std::to_string(r.cell.seed) +
                  " has validation loss " + fixed_text(r.validation_loss, 4) + ", expected below " +
                  shortest_text(kConvergedValidationLoss) + "; this seed is not interpreted");
  }
  for (const CheckedClaim& c : check_claims(robust_claims(), results, stuck)) {
    if (c.loss.n > 0) say(line, claim_text(c));
  }
}

// The first quantized cell of every model.
std::vector<Cell> shown_cells(const std::vector<Cell>& cells) {
  std::vector<Cell> shown;
  for (const Cell& cell : cells) {
    const bool known =
        std::ranges::any_of(shown, [&](const Cell& other) { return other.model == cell.model; });
    if (!known && facts_of(cell.method).precision == Precision::kQuantized) shown.push_back(cell);
  }
  return shown;
}

}  // namespace

template <Backend B>
void reproduce_command(B& backend, const CommandLine& line) {
  const std::vector<Cell> cells = cells_of_line(line);
  const double began = steady_seconds();
  open_study_directory(line);
  const DirectoryLock lock(line.output_dir);
  const StudySettings settings = study_settings(line, line.pretrain.sizes.train);
  Study<B> study(
      backend, settings,
      {line.output_dir, progress_style(line), line.train.logging_steps, line.train.events},
      [&](const std::string& model, std::uint64_t seed) {
        return load_start(backend, line, model, seed);
      });
  say_cost(backend, line, cells, study, settings);
  StudyFindings findings{run_info(line),
                         line.output_dir,
                         run_cells(study, line, cells),
                         {},
                         ConvergenceGuard::kBuiltinTask};
  for (const Cell& cell : shown_cells(cells))
    findings.views.push_back(views_of(backend, study, settings, cell));
  findings.run.wall_seconds = steady_seconds() - began;
  const std::filesystem::path report = write_study_report(line.output_dir, findings);
  print_study(line, findings.results);
  say_verdicts(line, findings.results);
  say(line, "report: " + report.string());
  check_failures(findings.results);
}

template void reproduce_command(Cpu&, const CommandLine&);

}  // namespace trainer
