// MANIFEST.json of a checkpoint: what was saved, and the hashes by which a reader knows that all of
// it is still there. docs/formats.md describes the file.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

#include "reference_trainer/io/checkpoint.h"

namespace trainer {

inline constexpr const char* kManifestFile = "MANIFEST.json";
inline constexpr const char* kStateFile = "state.safetensors";
inline constexpr std::int64_t kManifestVersion = 1;

// XXH3-128 as 32 hexadecimal digits, the most significant first.
std::string hash_bytes(std::span<const std::byte> bytes);
// Of a whole regular file. Throws Error with CK-08 when it is missing, Error(kIo) when unreadable.
std::string hash_file(const std::filesystem::path& path);

// The text of MANIFEST.json for state.safetensors in `directory`, which holds `tensors`.
std::string manifest_text(const std::filesystem::path& directory, const CheckpointInfo& info,
                          std::span<const TensorView> tensors);

// Reads the manifest of `directory` and compares every file with it. Throws Error(kBadInput):
// CK-07 (contents changed; names file and, where it can be told, tensor), CK-08 (a file missing or
// of another checkpoint), CK-09 (written by a newer version).
CheckpointInfo verify_checkpoint(const std::filesystem::path& directory);

}  // namespace trainer
