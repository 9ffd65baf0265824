// kill -9 at random moments of a training run, which is resumed each time: what is committed stays,
// and the weights at its end are those of a run that nobody disturbed.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace trainer::test {

struct KillSettings {
  std::string program;                // reference_trainer
  std::vector<std::string> training;  // its arguments, without --output_dir and --resume
  std::int64_t save_steps = 0;        // as in `training`
  std::filesystem::path directory;    // new; runs are made below it
  long kills = 0;
  std::uint64_t seed = 0;
  long most_microseconds = 400'000;  // of a process's life
};

struct KillReport {
  long kills = 0;
  std::map<std::string, long> phases;  // what the process was doing when it died
  long runs = 0;                       // that were finished, after all their kills
  long equal = 0;                      // with the weights of the undisturbed run
  long lost = 0;                       // checkpoints that had been committed and were not found
  long fresh = 0;                      // kills before the first checkpoint: begun again
  std::vector<std::string> problems;   // anything else that must not happen
};

KillReport run_kill_campaign(const KillSettings& settings);

std::string text_of(const KillReport& report);

}  // namespace trainer::test
