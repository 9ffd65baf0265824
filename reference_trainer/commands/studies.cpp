#include "reference_trainer/commands/studies.h"

#include <set>

#include "reference_trainer/base/error.h"
#include "reference_trainer/base/process.h"
#include "reference_trainer/commands/fine_tuning.h"
#include "reference_trainer/io/json.h"
#include "reference_trainer/io/staged_directory.h"
#include "reference_trainer/study/kept_study.h"
#include "reference_trainer/study/method_settings.h"

namespace trainer {
namespace {

constexpr const char* kMadeBy = "reference_trainer";

std::vector<float> floats(const std::vector<double>& values) {
  return {values.begin(), values.end()};
}

// Another command's study would lose its results and its report.
void check_study_file(const CommandLine& line, const std::filesystem::path& file) {
  const auto found = nlohmann::json::parse(read_file(file), nullptr, false);
  const std::string command(name_of(line.command));
  if (found.is_object() && found.value("made_by", nlohmann::json()) == kMadeBy &&
      found.value("command", nlohmann::json()) == command)
    return;
  throw_usage({"CL-05", file.string(), shown(found),
               "a new directory, or a study that `" + command + "` began",
               "choose another --output_dir"});
}

nlohmann::ordered_json results_json(const std::vector<CellResult>& results) {
  nlohmann::ordered_json all = nlohmann::ordered_json::array();
  for (const CellResult& r : results) all.push_back(to_json(r));
  return all;
}

// Figures and numbers of an earlier report would be taken for those of this one.
void remove_others(const std::filesystem::path& folder,
                   const std::set<std::filesystem::path>& written) {
  std::error_code error;
  std::vector<std::filesystem::path> others;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    const std::string kind = entry.path().extension().string();
    const bool drawn = kind == ".svg" || kind == ".png" || kind == ".csv" || kind == ".md";
    if (drawn && !written.contains(entry.path())) others.push_back(entry.path());
  }
  for (const std::filesystem::path& path : others) std::filesystem::remove(path, error);
}

}  // namespace

StudySettings study_settings(const CommandLine& line, std::int64_t training_samples) {
  StudySettings s;
  s.training = train_settings(line, training_samples);
  s.grid = {line.study.learning_rates, floats(line.study.clip_ratios)};
  s.algorithm1 = algorithm1_settings(line);
  s.gptq = line.gptq;
  s.spinquant = line.spinquant;
  s.llm_qat = line.llm_qat;
  s.adapters = line.adapters;
  s.rotation_seed = line.rotation.rotation_seed;
  s.max_new_tokens = line.generation.max_new_tokens;
  s.batch_size = line.generation.batch_size;
  s.rouge_stemmer = line.generation.rouge_stemmer;
  s.objective_points = line.study.objective_points;
  return s;
}

void open_study_directory(const CommandLine& line) {
  const std::filesystem::path file = line.output_dir / kStudyFile;
  if (std::filesystem::exists(file)) return check_study_file(line, file);
  check_output_directory(line.output_dir, line.model.model_name_or_path);
  make_directory(line.output_dir);
  const nlohmann::ordered_json made{{"made_by", kMadeBy}, {"command", name_of(line.command)}};
  write_file_atomically(file, made.dump(2) + "\n");
}

void write_results(const CommandLine& line, const std::vector<CellResult>& results) {
  write_file_atomically(line.output_dir / "results.json", results_json(results).dump(2) + "\n");
}

void say_failure(const CommandLine& line, const CellResult& r) {
  say(line, "failed: " + r.cell.model + " seed " + std::to_string(r.cell.seed) + ", " +
                method_label(r.cell) + " " + setting_name(r.cell.quant) + ": " + r.failure);
}

void check_failures(const std::vector<CellResult>& results) {
  std::size_t failed = 0;
  const CellResult* first = nullptr;
  for (const CellResult& r : results) {
    if (r.failure.empty()) continue;
    ++failed;
    if (first == nullptr) first = &r;
  }
  if (first == nullptr) return;
  throw Error(ExitCode::kNumerics,
              {"TR-04", "results.json",
               std::to_string(failed) + " of " + std::to_string(results.size()) +
                   " cells without numbers, the first with " + first->failure,
               "numbers in all of them", "the others are in the tables and the report"});
}

std::filesystem::path write_report(const std::filesystem::path& directory, const Report& report) {
  std::set<std::filesystem::path> written;
  for (const ReportFile& file : report_files(report)) {
    const std::filesystem::path path = directory / file.name;
    make_directory(path.parent_path());
    write_file_atomically(path, file.bytes);
    written.insert(path);
  }
  for (const char* folder : {"figures", "data"}) remove_others(directory / folder, written);
  return directory / "report.html";
}

std::filesystem::path write_study_report(const std::filesystem::path& directory,
                                         const StudyFindings& findings) {
  Report report = study_report(findings);
  keep_pictures(directory, report);
  return write_report(directory, report);
}

void print_study(const CommandLine& line, const std::vector<CellResult>& results) {
  if (line.format == ResultFormat::kJson) {
    print_result(results_json(results).dump());
    return;
  }
  std::string text;
  for (const ReportTable& table : study_tables(results)) text += table_text(table) + "\n";
  for (const NamedText& method : method_settings(results))
    text += method.name + ": " + method.value + "\n";
  print_result(text);
}

}  // namespace trainer
