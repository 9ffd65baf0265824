// What happened, for programs: <output_dir>/log.jsonl, one JSON object a line.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>

#include "reference_trainer/report/append_file.h"

namespace trainer {

class RunLog {
 public:
  // Opens <output_dir>/log.jsonl for appending; the directory exists. A line that a killed process
  // left unfinished is ended first, so what follows stays readable. Throws Error(kIo), DF-03.
  explicit RunLog(const std::filesystem::path& output_dir);

  // Appends one line and hands it to the operating system. A resumed run repeats the steps after
  // its checkpoint: of two records with the same step the later one counts. NaN and infinity become
  // null, invalid UTF-8 the replacement character. Throws Error(kIo), DF-03.
  void write(const nlohmann::ordered_json& record);

 private:
  AppendFile file_;
};

}  // namespace trainer
