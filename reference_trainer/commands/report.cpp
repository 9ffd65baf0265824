// `report`: a study's report drawn again from what it left.
#include "reference_trainer/commands/commands.h"
#include "reference_trainer/commands/studies.h"
#include "reference_trainer/io/directory_lock.h"
#include "reference_trainer/study/kept_study.h"

namespace trainer {

void report_command(const CommandLine& line) {
  const std::filesystem::path& directory = line.study.directory;
  const KeptStudy study = read_study(directory);
  const DirectoryLock lock(directory);
  const std::filesystem::path file = write_report(directory, kept_report(study, directory));
  print_study(line, study.results);
  say(line, "report: " + file.string());
}

}  // namespace trainer
