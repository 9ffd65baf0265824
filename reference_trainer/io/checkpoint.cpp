#include "reference_trainer/io/checkpoint.h"

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <set>
#include <stdexcept>
#include <system_error>

#include "reference_trainer/base/error.h"
#include "reference_trainer/io/file.h"
#include "reference_trainer/io/manifest.h"
#include "reference_trainer/io/problem_list.h"
#include "reference_trainer/io/staged_directory.h"

namespace trainer {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kStepPrefix = "step-";

fs::path checkpoints_of(const fs::path& output_dir) { return output_dir / "checkpoints"; }

std::string step_name(std::int64_t step) { return std::string(kStepPrefix) + std::to_string(step); }

// The number in "step-<n>", or nothing for any other name (such as step-007).
std::optional<std::int64_t> step_of(const std::string& name) {
  if (!name.starts_with(kStepPrefix)) return std::nullopt;
  std::int64_t step = -1;
  std::from_chars(name.data() + kStepPrefix.size(), name.data() + name.size(), step);
  return step >= 0 && step_name(step) == name ? std::optional(step) : std::nullopt;
}

std::vector<std::string> names_in(const fs::path& directory) {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator entry(directory, error), end; !error && entry != end;
       entry.increment(error)) {
    names.push_back(entry->path().filename().string());
  }
  if (error && error != std::errc::no_such_file_or_directory) {
    throw_io({"IO-01", directory.string(), "a directory that cannot be listed",
              "the checkpoints of this run", ""},
             error.value());
  }
  return names;
}

// Newest first: the number decides, not a clock.
std::vector<std::int64_t> steps_in(const fs::path& directory) {
  std::vector<std::int64_t> steps;
  for (const std::string& name : names_in(directory)) {
    if (const auto step = step_of(name)) steps.push_back(*step);
  }
  std::sort(steps.rbegin(), steps.rend());
  return steps;
}

void remove_tree(const fs::path& path) {
  std::error_code error;
  fs::remove_all(path, error);
  if (error) {
    throw_io({"IO-02", path.string(), "a directory that cannot be removed", "to remove it", ""},
             error.value());
  }
}

// Renamed first, so that a crash never leaves half a checkpoint under the name of a whole one.
void discard(const fs::path& directory) {
  const fs::path trash = directory.parent_path() / (".trash-" + directory.filename().string() +
                                                    "-" + std::to_string(::getpid()));
  remove_tree(trash);
  std::error_code error;
  fs::rename(directory, trash, error);
  if (error) {
    throw_io({"IO-02", directory.string(), "a failed rename", "to rename it", ""}, error.value());
  }
  sync_path(directory.parent_path());
  remove_tree(trash);
}

}  // namespace

fs::path save_checkpoint(const fs::path& output_dir, const CheckpointInfo& info,
                         std::span<const TensorView> tensors) {
  const fs::path target = checkpoints_of(output_dir) / step_name(info.step);
  StagedDirectory staged(target);
  write_safetensors(staged.path() / kStateFile, tensors, {{"step", std::to_string(info.step)}});
  const std::string manifest = manifest_text(staged.path(), info, tensors);
  write_whole_file(staged.path() / kManifestFile, std::as_bytes(std::span(manifest)));
  // A checkpoint of this step that an earlier run left behind, most often one that did not verify.
  std::error_code absent;
  fs::exists(target, absent) ? staged.commit_over() : staged.commit();
  return target;
}

fs::path save_checkpoint(const fs::path& output_dir, const CheckpointInfo& info,
                         std::span<const FloatTensorView> tensors) {
  std::vector<TensorView> views;
  for (const FloatTensorView& tensor : tensors) views.push_back(stored_view(tensor));
  return save_checkpoint(output_dir, info, views);
}

std::optional<FoundCheckpoint> find_newest_checkpoint(const fs::path& output_dir) {
  FoundCheckpoint found;
  for (const std::int64_t step : steps_in(checkpoints_of(output_dir))) {
    found.directory = checkpoints_of(output_dir) / step_name(step);
    try {
      found.info = verify_checkpoint(found.directory);
      return found;
    } catch (const Error& failure) {
      // Training on from an older state because a newer program wrote the newest would lose work.
      if (failure.parts().code == "CK-09") throw;
      found.skipped.push_back(step_name(step) + ": " + line_of(failure.parts()));
    }
  }
  return std::nullopt;
}

FoundCheckpoint require_checkpoint(const fs::path& output_dir) {
  std::optional<FoundCheckpoint> found = find_newest_checkpoint(output_dir);
  if (found) return *std::move(found);
  const std::size_t candidates = steps_in(checkpoints_of(output_dir)).size();
  throw_bad_input(
      {"CK-12", checkpoints_of(output_dir).string(),
       candidates == 0 ? "no checkpoint" : std::to_string(candidates) + " that do not verify",
       "a checkpoint to resume from", "start without --resume, or name another run"});
}

void check_same_settings(const FoundCheckpoint& found, const nlohmann::json& current) {
  const nlohmann::json saved = found.info.settings.flatten();
  const nlohmann::json wanted = current.flatten();
  std::set<std::string> keys;
  for (const nlohmann::json* settings : {&saved, &wanted}) {
    for (const auto& [key, value] : settings->items()) keys.insert(key);
  }
  ProblemList differences;
  for (const std::string& key : keys) {
    const std::string before = saved.contains(key) ? shown(saved[key]) : "absent";
    const std::string now = wanted.contains(key) ? shown(wanted[key]) : "absent";
    const bool same = saved.contains(key) && wanted.contains(key) && saved[key] == wanted[key];
    if (!same) differences.add(key + " was " + before + " and is " + now);
  }
  differences.throw_if_any("CK-11", found.directory.string(), "the settings of the saved run");
}

void prune_checkpoints(const fs::path& output_dir, int keep) {
  if (keep < 1) {
    throw std::invalid_argument("prune_checkpoints: keep is " + std::to_string(keep) +
                                ", expected at least 1");
  }
  const fs::path directory = checkpoints_of(output_dir);
  const std::vector<std::int64_t> steps = steps_in(directory);
  for (std::size_t i = static_cast<std::size_t>(keep); i < steps.size(); ++i) {
    discard(directory / step_name(steps[i]));
  }
  sweep_checkpoints(output_dir);
}

std::vector<std::string> sweep_checkpoints(const fs::path& output_dir) {
  const fs::path directory = checkpoints_of(output_dir);
  std::vector<std::string> swept;
  for (const std::string& name : names_in(directory)) {
    if (!name.starts_with(".tmp-step-") && !name.starts_with(".trash-step-")) continue;
    remove_tree(directory / name);
    swept.push_back(name);
  }
  return swept;
}

}  // namespace trainer
