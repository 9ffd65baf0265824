// Dense rotations as a file beside the model, so that a run can be repeated; docs/formats.md.
#pragma once

#include <filesystem>

#include "reference_trainer/roste/dense_rotation.h"

namespace trainer {

inline constexpr const char* kDenseRotationsFile = "dense_rotations.safetensors";

// Writes "r1" [3, d, d] and "layers.<i>.r2" [3, head_dim, head_dim] as F32: the float nearest to a
// value, the float nearest to the rest, and what is left; their sum is the double, bit for bit
// above 2^-96. Throws Error(kIo, IO-02); creates or truncates `path`, so callers that must not
// leave half a file write into a StagedDirectory.
void write_dense_rotations(const std::filesystem::path& path, const DenseRotations& rotations);

// Reads them for a model of `shape`. Throws Error: ST codes for a malformed file, RO-12 where it
// does not fit the model or a matrix is not orthogonal (defect above 1e-5).
DenseRotations read_dense_rotations(const std::filesystem::path& path, const ModelShape& shape);

}  // namespace trainer
