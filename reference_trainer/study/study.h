// Runs cells: each from the same start, on the same data in the same order, kept under what
// decides it.
#pragma once

#include <algorithm>
#include <cmath>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "reference_trainer/base/error.h"
#include "reference_trainer/io/staged_directory.h"
#include "reference_trainer/study/cell_result.h"
#include "reference_trainer/study/method_runs.h"
#include "reference_trainer/study/stage_cache.h"

namespace trainer {

// Where a study writes and reports.
struct StudyPlace {
  std::filesystem::path directory;  // cells/<label>-<hash>/ appear below it
  ProgressStyle style = ProgressStyle::kSilent;
  std::int64_t logging_steps = 10;
  EventFiles events = EventFiles::kNone;
};

// What is left to do of a list of cells.
struct Missing {
  std::vector<Cell> runs;  // a cell once for each point of its grid, and the fine-tunings needed
  std::size_t done = 0;    // cells of which nothing is left to do
};

// A point of a grid; what it leaves out stays as it is.
struct Tuning {
  std::optional<double> learning_rate;
  std::optional<float> clip_ratio;
};

template <Backend B>
class Study {
 public:
  Study(B& backend, StudySettings settings, StudyPlace place, StartLoader loader)
      : backend_(backend),
        settings_(std::move(settings)),
        place_(std::move(place)),
        loader_(std::move(loader)) {}

  // The cell's result; of the grid's points the one with the smallest validation loss. Throws
  // Error (TR-03) when no point of a grid has one.
  CellResult run(const Cell& cell) {
    const std::vector<Tuning> tunings = points_of(cell);
    if (tunings.size() == 1) return run_at(cell, tunings[0]);
    const std::vector<CellResult> points = sweep(cell);
    const CellResult& best = points[best_on_validation(points)];
    if (std::isnan(best.validation_loss)) {
      const bool failed = !best.failure.empty();
      throw Error(
          ExitCode::kNumerics,
          {"TR-03", label_of(cell), failed ? best.failure : "no sample to choose settings on",
           "a validation loss at one point of the grid", "try smaller learning rates"});
    }
    return best;
  }

  // As run; where numbers go wrong, a result that says so and has none. Other errors are thrown.
  CellResult try_run(const Cell& cell) {
    CellResult failed;
    if (auto result = result_or_failure([&] { return run(cell); }, failed.failure)) return *result;
    failed.cell = cell;
    return failed;
  }

  // Every point of the grid, in its order. Where numbers go wrong at one of them, its losses are
  // NaN and the others are computed all the same.
  std::vector<CellResult> sweep(const Cell& cell) {
    std::vector<CellResult> all;
    for (const Tuning& point : points_of(cell)) all.push_back(try_at(cell, point));
    return all;
  }

  // Judged without loading a start: what was kept of another start of that name counts as done.
  Missing missing(const std::vector<Cell>& cells) const {
    Missing left;
    std::vector<Cell> fine_tunings;
    for (const Cell& cell : cells) {
      const std::size_t before = left.runs.size();
      add_missing(cell, left.runs);
      if (left.runs.size() == before) {
        ++left.done;
      } else if (facts_of(cell.method).start == StartsFrom::kSftModel) {
        fine_tunings.push_back(sft_cell(cell));
      }
    }
    for (const Cell& sft : fine_tunings) {
      if (std::ranges::find(left.runs, sft) == left.runs.end()) add_missing(sft, left.runs);
    }
    return left;
  }

  // The start of the cell's model and seed; loaded once while cells of one start follow each other.
  const StartModel& start_of(const Cell& cell) {
    const std::pair<std::string, std::uint64_t> name{cell.model, cell.seed};
    if (!start_ || start_name_ != name) {
      sft_.reset();
      sft_failure_.clear();
      start_.emplace(loader_(cell.model, cell.seed));
      start_name_ = name;
    }
    return *start_;
  }

 private:
  std::vector<Tuning> points_of(const Cell& cell) const {
    const MethodFacts& facts = facts_of(cell.method);
    const bool has_rate =
        facts.training == Training::kFineTuning || facts.training == Training::kOwn;
    const bool has_clip = facts.precision == Precision::kQuantized;
    std::vector<std::optional<double>> rates = {std::nullopt};
    std::vector<std::optional<float>> clips = {std::nullopt};
    if (has_rate && !settings_.grid.learning_rates.empty())
      rates.assign(settings_.grid.learning_rates.begin(), settings_.grid.learning_rates.end());
    if (has_clip && !settings_.grid.clip_ratios.empty())
      clips.assign(settings_.grid.clip_ratios.begin(), settings_.grid.clip_ratios.end());
    std::vector<Tuning> points;
    for (const auto& rate : rates) {
      for (const auto& clip : clips) points.push_back({rate, clip});
    }
    return points;
  }

  // The settings at a point of the grid, with the cell's seed.
  StudySettings settings_at(const Cell& cell, const Tuning& point) const {
    StudySettings s = settings_;
    s.training.seed += cell.seed;
    s.rotation_seed += cell.seed;
    if (!point.learning_rate) return s;
    s.training.learning_rate = *point.learning_rate;
    s.llm_qat.learning_rate = *point.learning_rate;
    s.adapters.learning_rate = *point.learning_rate;
    return s;
  }

  static Cell cell_at(Cell cell, const Tuning& point) {
    if (point.clip_ratio)
      cell.quant.weight.clip = cell.quant.activation.clip = cell.quant.kv.clip = *point.clip_ratio;
    return cell;
  }

  void add_missing(const Cell& cell, std::vector<Cell>& runs) const {
    for (const Tuning& point : points_of(cell)) {
      const Cell at = cell_at(cell, point);
      const nlohmann::json key = key_but_start(at, settings_at(cell, point));
      if (!is_finished(place_.directory / "cells", label_of(at), key)) runs.push_back(at);
    }
  }

  // What `compute` returns, or nothing and, in `failure`, the line of a numerical error.
  template <class Compute>
  static std::optional<CellResult> result_or_failure(const Compute& compute, std::string& failure) {
    try {
      return compute();
    } catch (const Error& e) {
      if (e.exit_code() != ExitCode::kNumerics) throw;
      failure = line_of(e.parts());
    } catch (const std::domain_error& e) {  // a value that is not finite met a quantizer
      failure =
          line_of({"QN-01", "cell", e.what(), "finite values", "try a smaller learning rate"});
    }
    return std::nullopt;
  }

  // A failure is not kept: it is soon reached again.
  CellResult try_at(const Cell& cell, const Tuning& point) {
    CellResult failed;
    if (auto result = result_or_failure([&] { return run_at(cell, point); }, failed.failure))
      return *result;
    failed.cell = cell_at(cell, point);
    failed.settings = key_of(failed.cell, settings_at(cell, point));
    return failed;
  }

  // What an earlier run left, if all of it is there.
  static std::optional<CellResult> kept_result(const Cell& cell, const Stage& stage) {
    if (!stage.result) return std::nullopt;
    if (keeps_model(cell) && !std::filesystem::exists(stage.directory / "model"))
      return std::nullopt;
    return cell_result_from_json(cell, *stage.result, (stage.directory / "result.json").string());
  }

  static bool keeps_model(const Cell& cell) {
    return cell.method == Method::kSft || cell.method == Method::kRoste;
  }

  CellResult run_at(const Cell& asked, const Tuning& point) {
    const Cell cell = cell_at(asked, point);
    const StudySettings settings = settings_at(cell, point);
    const nlohmann::json key = key_of(cell, settings);
    const Stage stage = open_stage(place_.directory / "cells", label_of(cell), key);
    if (const auto kept = kept_result(cell, stage)) return *kept;
    CellResult result = compute(cell, settings, stage);
    result.settings = key;
    finish_stage(stage, to_json(result));
    return result;
  }

  CellResult compute(const Cell& cell, const StudySettings& settings, const Stage& stage) {
    const StartModel& start = start_of(cell);
    const bool from_sft = facts_of(cell.method).start == StartsFrom::kSftModel;
    const HostParameters& from = from_sft ? sft_of(cell) : start.parameters;
    const double began = steady_seconds();  // fine-tuning has a cell of its own
    RunLog log(stage.directory);
    std::optional<TensorBoardLog> events;
    if (place_.events == EventFiles::kTensorBoard)
      events.emplace(stage.directory, seconds_since_1970());
    const Reporting reporting{place_.style, &log, events ? &*events : nullptr,
                              place_.logging_steps};
    MethodRun<B> run{backend_, settings, start, from, cell, reporting, {}};
    Network<B> network = make_method(run);
    CellResult result;
    result.cell = cell;
    for (const RotationMask mask : network.plan.choice.layers) {
      // SpinQuant's first two are merged, and none of the plan's.
      const std::string digits = mask.text();
      result.rotations.push_back(cell.method == Method::kSpinquant ? "LL" + digits.substr(2)
                                                                   : digits);
    }
    evaluate_cell(run, network, result);
    result.seconds = steady_seconds() - began;
    result.directory = std::filesystem::relative(stage.directory, place_.directory).string();
    write_file_atomically(stage.directory / "record.json", run.record.dump(2) + "\n");
    if (keeps_model(cell) && !std::filesystem::exists(stage.directory / "model")) {
      save_network(backend_, network, {network.plan.shape, to_json(network.plan), start.directory},
                   stage.directory / "model");
    }
    return result;
  }

  // The fine-tuned weights that post-training methods start from.
  const HostParameters& sft_of(const Cell& cell) {
    if (sft_) return *sft_;
    if (!sft_failure_.empty()) {
      throw Error(ExitCode::kNumerics,
                  {"TR-05", label_of(cell), sft_failure_, "a fine-tuned model to start from", ""});
    }
    const std::optional<CellResult> best =
        result_or_failure([&] { return run(sft_cell(cell)); }, sft_failure_);
    if (!best) return sft_of(cell);
    Network<B> network =
        load_network(backend_, place_.directory / best->directory / "model", NonFinite::kReject);
    return sft_.emplace(get_parameters(backend_, network.parameters));
  }

  // Everything that decides the result of a cell.
  nlohmann::json key_of(const Cell& cell, const StudySettings& settings) {
    nlohmann::json key = key_but_start(cell, settings);
    key["start"] = start_of(cell).hash;
    return key;
  }

  nlohmann::json key_but_start(const Cell& cell, const StudySettings& settings) const {
    nlohmann::json key = method_key(cell, settings);
    key["version"] = kResultsVersion;
    key["method"] = method_word(cell);
    key["quantization"] = to_json(cell.quant);
    if (facts_of(cell.method).start == StartsFrom::kSftModel) key["sft"] = sft_key(cell);
    return key;
  }

  // The fine-tuning that a post-training method starts from.
  static Cell sft_cell(Cell cell) {
    cell.method = Method::kSft;
    cell.rounds = 1;
    cell.quant = {};
    return cell;
  }

  // Everything that decides the model that post-training methods start from.
  nlohmann::json sft_key(const Cell& cell) const {
    Cell sft = cell;
    sft.method = Method::kSft;
    nlohmann::json points = nlohmann::json::array();
    for (const Tuning& point : points_of(sft))
      points.push_back(to_json(settings_at(sft, point).training));
    return points;
  }

  std::string label_of(const Cell& cell) const {
    std::string label = cell.model + "-s" + std::to_string(cell.seed) + "-" +
                        std::string(facts_of(cell.method).word);
    if (cell.rounds > 1) label += "-k" + std::to_string(cell.rounds);
    if (facts_of(cell.method).precision == Precision::kQuantized)
      label += "-" + setting_name(cell.quant);
    return label;
  }

  B& backend_;
  StudySettings settings_;
  StudyPlace place_;
  StartLoader loader_;
  std::optional<StartModel> start_;
  std::pair<std::string, std::uint64_t> start_name_;
  std::optional<HostParameters> sft_;  // of start_
  std::string sft_failure_;            // why there is none
};

}  // namespace trainer
