// Scalars for TensorBoard: event files as TensorFlow writes them, protocol buffers in TFRecord
// frames, written by hand.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "reference_trainer/report/append_file.h"

namespace trainer {

// "events.out.tfevents.<second>.<host>.<process>": TensorBoard reads every file of a directory
// whose name holds "tfevents". `host` is cut to letters, digits, '-' and '.'.
std::string event_file_name(std::int64_t second, std::string_view host, std::int64_t process);

// The record that begins every event file. Seconds since 1970.
std::string event_file_head(double wall_seconds);

// The record of one scalar, stored as float.
std::string scalar_record(std::string_view tag, std::int64_t step, double value,
                          double wall_seconds);

enum class EventFiles { kNone, kTensorBoard };  // what is written beside log.jsonl

// One process's event file. A resumed run writes another one into the same directory.
class TensorBoardLog {
 public:
  // Creates the file in `directory`, which exists, named after the time, this machine and this
  // process. Throws Error(kIo), DF-03.
  TensorBoardLog(const std::filesystem::path& directory, double wall_seconds);

  // Appends one scalar and hands it to the operating system. `tag` is e.g. "train/loss";
  // wall_seconds is since 1970. Throws Error(kIo), DF-03.
  void add_scalar(std::string_view tag, std::int64_t step, double value, double wall_seconds);

 private:
  AppendFile file_;
};

}  // namespace trainer
