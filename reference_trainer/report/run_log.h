// What happened, for programs: <output_dir>/log.jsonl, one JSON object a line.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string_view>

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
  struct Descriptor {
    int number;
    explicit Descriptor(int n) : number(n) {}
    ~Descriptor();
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
  };

  void append(std::string_view bytes);

  std::filesystem::path path_;
  Descriptor file_;
};

}  // namespace trainer
