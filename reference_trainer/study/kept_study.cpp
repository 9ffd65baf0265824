#include "reference_trainer/study/kept_study.h"

#include <algorithm>
#include <map>
#include <stdexcept>
#include <tuple>

#include "reference_trainer/base/error.h"
#include "reference_trainer/io/json.h"
#include "reference_trainer/model/settings_json.h"
#include "reference_trainer/report/progress_line.h"
#include "reference_trainer/report/report_json.h"
#include "reference_trainer/study/study_report.h"

namespace trainer {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

std::string command_of(const fs::path& directory) {
  const fs::path file = directory / kStudyFile;
  const auto refuse = [&](const std::string& got) {
    throw_bad_input({"RP-03", file.string(), got, "the directory of a study",
                     "--study is the --output_dir of run, sweep or reproduce"});
  };
  std::error_code error;
  if (!fs::is_regular_file(file, error)) refuse("no such file");
  const json found = json::parse(read_file(file), nullptr, false);
  const bool whole = found.is_object() && found.contains("command") &&
                     found.at("command").is_string() &&
                     found.value("made_by", json()) == "reference_trainer";
  if (!whole) refuse("another file of that name");
  return found.at("command").get<std::string>();
}

Cell cell_from_json(const json& result, const std::string& where) {
  try {
    const json& quant = result.at("settings").at("quantization");
    QuantConfig quantizers;
    quantizers.weight = quantizer_from_json(quant.at("weight"), where);
    quantizers.activation = quantizer_from_json(quant.at("activation"), where);
    quantizers.kv = quantizer_from_json(quant.at("kv"), where);
    const QuantConfig bits = parse_setting(result.at("setting").get<std::string>(), quantizers);
    Cell cell = cells_of({result.at("model").get<std::string>()},
                         result.at("method").get<std::string>(), {bits}, 1)
                    .at(0);
    cell.seed = result.at("seed").get<std::uint64_t>();
    return cell;
  } catch (const json::exception& e) {
    throw_bad_input({"CK-11", where, e.what(), "the result of a cell as a study writes it",
                     "remove the cell's directory"});
  } catch (const std::invalid_argument& e) {
    throw_bad_input({"CK-11", where, e.what(), "a cell that this program knows",
                     "use the program that wrote it, or remove the cell's directory"});
  }
}

CellResult result_in(const json& result, const std::string& where) {
  return cell_result_from_json(cell_from_json(result, where), result, where);
}

std::vector<CellResult> finished_cells(const fs::path& cells) {
  std::vector<fs::path> files;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(cells, error)) {
    if (fs::exists(entry.path() / "result.json")) files.push_back(entry.path() / "result.json");
  }
  std::ranges::sort(files);
  std::vector<CellResult> results;
  for (const fs::path& file : files) {
    results.push_back(
        result_in(parse_json(read_file(file, "CK-11"), {file.string(), "CK-11"}), file.string()));
  }
  return results;
}

// What the last call could not compute, as its results.json says.
std::vector<CellResult> failures_in(const fs::path& file) {
  std::vector<CellResult> failures;
  if (!fs::exists(file)) return failures;
  const json all = parse_json(read_file(file, "CK-11"), {file.string(), "CK-11"});
  for (const json& result : all) {
    if (result.is_object() && result.contains("failure"))
      failures.push_back(result_in(result, file.string()));
  }
  return failures;
}

std::string start_of(const CellResult& r) {
  return r.settings.is_object() ? r.settings.value("start", std::string()) : std::string();
}

// Numbers of different base models do not belong into one table. Returns how many were dropped.
std::size_t keep_one_start(std::vector<CellResult>& results) {
  using Name = std::pair<std::string, std::uint64_t>;
  std::map<Name, std::map<std::string, std::size_t>> counts;
  for (const CellResult& r : results) ++counts[{r.cell.model, r.cell.seed}][start_of(r)];
  return std::erase_if(results, [&](const CellResult& r) {
    const auto& starts = counts[{r.cell.model, r.cell.seed}];
    const auto most =
        std::ranges::max_element(starts, {}, [](const auto& start) { return start.second; });
    return start_of(r) != most->first;
  });
}

void add_best(const CellResult& r, std::vector<CellResult>& results) {
  const auto same = std::ranges::find(results, r.cell, &CellResult::cell);
  if (same == results.end()) {
    results.push_back(r);
  } else if (is_better(r, *same)) {
    *same = r;
  }
}

// The paper's model first, then the others; full precision before bits.
auto place_of(const Cell& cell) {
  const bool quantized = facts_of(cell.method).precision == Precision::kQuantized;
  return std::tuple(cell.model != "pythia", cell.model, cell.seed, quantized,
                    setting_name(cell.quant), cell.method, cell.rounds);
}

Report report_in(const fs::path& directory) {
  const fs::path file = directory / "report.json";
  if (!fs::exists(file)) return {};
  return report_from_json(parse_json(read_file(file, "RP-01"), {file.string(), "RP-01"}),
                          file.string());
}

template <class Figure>
void add_absent(const std::vector<Figure>& from, std::vector<Figure>& figures) {
  for (const Figure& figure : from) {
    if (std::ranges::find(figures, figure.id, &Figure::id) == figures.end())
      figures.push_back(figure);
  }
}

}  // namespace

KeptStudy read_study(const fs::path& directory) {
  KeptStudy study;
  study.command = command_of(directory);
  std::vector<CellResult> all = finished_cells(directory / "cells");
  study.left_out = keep_one_start(all);
  for (const CellResult& r : all) add_best(r, study.results);
  for (const CellResult& r : failures_in(directory / "results.json")) {
    if (std::ranges::find(study.results, r.cell, &CellResult::cell) == study.results.end())
      study.results.push_back(r);
  }
  if (study.results.empty()) {
    throw_bad_input({"RP-03", (directory / "cells").string(), "no finished cell",
                     "at least one result.json", "run the study first"});
  }
  std::ranges::stable_sort(study.results, {}, [](const CellResult& r) { return place_of(r.cell); });
  study.last = report_in(directory);
  return study;
}

Report kept_report(const KeptStudy& study, const fs::path& directory) {
  const auto guard =
      study.command == "reproduce" ? ConvergenceGuard::kBuiltinTask : ConvergenceGuard::kNone;
  Report report = study_report({study.last.run, directory, study.results, {}, guard});
  report.activations = study.last.activations;
  report.reductions = study.last.reductions;
  double seconds = 0;
  for (const CellResult& r : study.results) seconds += r.seconds;
  RunInfo& run = report.run;
  if (run.title.empty()) run.title = "RoSTE and the methods of its tables";
  run.wall_seconds = 0;  // of the last call, which may have found all of it done
  run.seeds.clear();
  run.settings = {{"time of all cells, training and evaluation", duration_text(seconds)}};
  run.not_run.clear();
  if (study.left_out > 0) {
    run.not_run.push_back(std::to_string(study.left_out) +
                          " cells of another base model of the same name are left out.");
  }
  return report;
}

void keep_pictures(const fs::path& directory, Report& report) {
  Report last;
  try {
    last = report_in(directory);
  } catch (const Error&) {
    return;  // it is about to be written again
  }
  add_absent(last.activations, report.activations);
  add_absent(last.reductions, report.reductions);
}

}  // namespace trainer
