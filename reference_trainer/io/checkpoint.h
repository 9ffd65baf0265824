// Training checkpoints: <output_dir>/checkpoints/step-<n>/ with state.safetensors and
// MANIFEST.json, which holds size and XXH3-128 of every file. A checkpoint is one whose manifest
// verifies.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "reference_trainer/io/json.h"
#include "reference_trainer/io/safetensors.h"

namespace trainer {

struct CheckpointInfo {
  std::int64_t step = 0;
  nlohmann::json settings;  // what must agree for a resume to be the same run
};

// Saves atomically (StagedDirectory protocol); returns the directory of the checkpoint.
std::filesystem::path save_checkpoint(const std::filesystem::path& output_dir,
                                      const CheckpointInfo& info,
                                      std::span<const TensorView> tensors);

// The same for F32 tensors.
std::filesystem::path save_checkpoint(const std::filesystem::path& output_dir,
                                      const CheckpointInfo& info,
                                      std::span<const FloatTensorView> tensors);

struct FoundCheckpoint {
  CheckpointInfo info;
  std::filesystem::path directory;
  // One line for every newer checkpoint that did not verify: "step-4: CK-07 <where>: ...".
  std::vector<std::string> skipped;
};

// The newest checkpoint (by step number) that verifies, or nothing.
std::optional<FoundCheckpoint> find_newest_checkpoint(const std::filesystem::path& output_dir);

// As above, but throws CK-12 when there is none: --resume never starts afresh.
FoundCheckpoint require_checkpoint(const std::filesystem::path& output_dir);

// Throws CK-11 naming every key whose value differs.
void check_same_settings(const FoundCheckpoint& found, const nlohmann::json& current);

// Keeps the newest `keep` checkpoints: a doomed one is renamed away before it is unlinked. Also
// sweeps.
void prune_checkpoints(const std::filesystem::path& output_dir, int keep);

// Removes what saves and deletions that were cut short left beside the checkpoints; returns the
// names. The caller is the only writer of this run.
std::vector<std::string> sweep_checkpoints(const std::filesystem::path& output_dir);

}  // namespace trainer
