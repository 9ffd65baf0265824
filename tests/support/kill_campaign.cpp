#include "tests/support/kill_campaign.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <random>
#include <set>
#include <sstream>
#include <stdexcept>

#include "reference_trainer/base/error.h"
#include "reference_trainer/io/checkpoint.h"

namespace trainer::test {
namespace {

namespace fs = std::filesystem;

std::string read_text(const fs::path& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

pid_t start(const std::vector<std::string>& words, const fs::path& errors) {
  std::vector<char*> arguments;
  for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  const pid_t child = ::fork();
  if (child != 0) return child;
  const int null = ::open("/dev/null", O_WRONLY);
  const int err = ::open(errors.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0666);
  ::dup2(null, 1);
  ::dup2(err, 2);
  ::execv(arguments[0], arguments.data());
  ::_exit(127);
}

int wait_for(pid_t child) {
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return status;
}

// Names that show what a process was about, with the process's id in them.
std::set<std::string> traces_in(const fs::path& out) {
  std::set<std::string> names;
  for (const fs::path& directory : {out, out / "checkpoints"}) {
    std::error_code error;
    for (fs::directory_iterator entry(directory, error), end; !error && entry != end;
         entry.increment(error)) {
      const std::string name = entry->path().filename().string();
      if (name.starts_with(".tmp-") || name.starts_with(".trash-")) names.insert(name);
    }
  }
  return names;
}

// Steps done by the last whole line of the log.
std::int64_t logged_steps(const fs::path& out) {
  std::int64_t step = 0;
  std::ifstream log(out / "log.jsonl");
  for (std::string line; std::getline(log, line);) {
    const auto record = nlohmann::json::parse(line, nullptr, false);
    if (record.is_object()) step = std::max(step, record.value("step", std::int64_t{0}));
  }
  return step;
}

class Campaign {
 public:
  explicit Campaign(const KillSettings& settings) : s_(settings), random_(settings.seed) {}

  KillReport run() {
    fs::create_directories(s_.directory);
    const fs::path whole = s_.directory / "whole";
    if (wait_for(start(words(whole), errors())) != 0)
      throw std::runtime_error("the undisturbed run failed: " + read_text(errors()));
    weights_ = read_text(whole / "model/model.safetensors");
    while (report_.kills < s_.kills && report_.problems.size() < 20) run_once();
    return report_;
  }

 private:
  fs::path errors() const { return s_.directory / "stderr"; }

  std::vector<std::string> words(const fs::path& out) const {
    std::vector<std::string> all{s_.program};
    all.insert(all.end(), s_.training.begin(), s_.training.end());
    all.insert(all.end(), {"--output_dir", out.string()});
    if (newest_ >= 0) all.push_back("--resume");
    return all;
  }

  // One run to its end, however often it dies; the last kills of the campaign may leave it unended.
  void run_once() {
    const fs::path out = s_.directory / "run";
    fs::remove_all(out);
    newest_ = -1;
    while (!life(out)) {
      if (report_.problems.size() >= 20) return;
    }
    ++report_.runs;
    if (read_text(out / "model/model.safetensors") == weights_) ++report_.equal;
  }

  // One process; whether it reached the end of the run.
  bool life(const fs::path& out) {
    const std::set<std::string> before = traces_in(out);
    const std::int64_t steps_before = logged_steps(out);
    const pid_t child = start(words(out), errors());
    if (report_.kills < s_.kills)
      ::usleep(
          static_cast<useconds_t>(random_() % static_cast<std::uint64_t>(s_.most_microseconds)));
    else
      return finish(wait_for(child));
    ::kill(child, SIGKILL);
    const int status = wait_for(child);
    if (!WIFSIGNALED(status)) return finish(status);
    ++report_.kills;
    ++report_.phases[phase_of(out, before, steps_before)];
    check(out);
    return false;
  }

  bool finish(int status) {
    if (status == 0) return true;
    report_.problems.push_back("exit status " + std::to_string(status) + ": " +
                               read_text(errors()));
    return false;
  }

  static std::string phase_of(const fs::path& out, const std::set<std::string>& before,
                              std::int64_t steps_before) {
    for (const std::string& name : traces_in(out)) {
      if (before.contains(name)) continue;
      if (name.starts_with(".trash-")) return "deleting a checkpoint";
      return name.starts_with(".tmp-step-") ? "saving a checkpoint" : "writing a result";
    }
    if (fs::exists(out / "model")) return "evaluating";
    return logged_steps(out) > steps_before ? "training" : "starting or resuming";
  }

  // Every checkpoint that had been committed by then, or a newer one, is there. The line of a step
  // is logged before its checkpoint: all up to the last step but one are committed.
  void check(const fs::path& out) {
    const auto found = find_newest_checkpoint(out);
    const std::int64_t step = found ? found->info.step : -1, steps = logged_steps(out);
    const std::int64_t committed = steps == 0 ? -1 : (steps - 1) / s_.save_steps * s_.save_steps;
    if (step < std::max(newest_, committed)) {
      ++report_.lost;
      report_.problems.push_back("found step " + std::to_string(step) + " after " +
                                 std::to_string(std::max(newest_, committed)));
    }
    if (found && !found->skipped.empty()) report_.problems.push_back(found->skipped.front());
    newest_ = step;
    if (step >= 0) return;
    ++report_.fresh;
    fs::remove_all(out);
  }

  const KillSettings& s_;
  std::mt19937_64 random_;
  std::string weights_;
  std::int64_t newest_ = -1;  // the newest checkpoint seen in this run
  KillReport report_;
};

}  // namespace

KillReport run_kill_campaign(const KillSettings& settings) { return Campaign(settings).run(); }

std::string text_of(const KillReport& r) {
  std::string text = std::to_string(r.kills) + " kills:";
  for (const auto& [phase, count] : r.phases)
    text += " " + std::to_string(count) + " " + phase + ",";
  text.back() = '\n';
  text += std::to_string(r.fresh) + " of them before a first checkpoint\n";
  text += std::to_string(r.lost) + " committed checkpoints lost\n";
  text += std::to_string(r.equal) + " of " + std::to_string(r.runs) +
          " finished runs with the weights of the undisturbed one\n";
  for (const std::string& problem : r.problems) text += "problem: " + problem + "\n";
  return text;
}

}  // namespace trainer::test
