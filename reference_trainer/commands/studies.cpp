#include "reference_trainer/commands/studies.h"

#include "reference_trainer/base/error.h"
#include "reference_trainer/base/process.h"
#include "reference_trainer/commands/fine_tuning.h"
#include "reference_trainer/io/json.h"
#include "reference_trainer/io/staged_directory.h"

namespace trainer {
namespace {

// A directory with this file may be continued.
constexpr const char* kStudyFile = "study.json";
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

std::filesystem::path write_report(const CommandLine& line, const StudyFindings& findings) {
  for (const ReportFile& file : report_files(study_report(findings))) {
    const std::filesystem::path path = line.output_dir / file.name;
    make_directory(path.parent_path());
    write_file_atomically(path, file.bytes);
  }
  return line.output_dir / "report.html";
}

void print_study(const CommandLine& line, const std::vector<CellResult>& results) {
  if (line.format == ResultFormat::kJson) {
    print_result(results_json(results).dump());
    return;
  }
  std::string text;
  for (const ReportTable& table : study_tables(results)) text += table_text(table) + "\n";
  print_result(text);
}

}  // namespace trainer
