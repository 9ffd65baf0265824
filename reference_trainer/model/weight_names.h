// Where the tensors of a model lie in its weight files. The Llama family and our own files hold
// them under the names of tensor_list; GPT-NeoX has names of its own and stores q, k and v as one
// tensor, head by head: [heads, 3, head_dim, hidden_size]. Its split form has them apart.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "reference_trainer/io/model_shape.h"

namespace trainer {

enum class FusedPart { kWhole, kQuery, kKey, kValue };

struct FilePlace {
  std::string tensor;  // name in the file
  FusedPart part;      // what of it
};

// Whether the files of `shape` have GPT-NeoX's names of modules.
bool has_neox_names(const ModelShape& shape);

// The place of a tensor that tensor_list calls `name`.
FilePlace file_place(const ModelShape& shape, const std::string& name);

// Rows of `cols` values: part := its rows of the file's tensor. part.size() is a third of
// stored.size() unless the part is the whole.
void take_part(const ModelShape& shape, FusedPart which, std::span<const float> stored,
               std::int64_t cols, std::span<float> part);

// The inverse: the part's rows of `stored` := part; other rows keep their values.
void put_part(const ModelShape& shape, FusedPart which, std::span<const float> part,
              std::int64_t cols, std::span<float> stored);

}  // namespace trainer
