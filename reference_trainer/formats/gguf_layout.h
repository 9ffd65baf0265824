// Names, metadata and the order of rows that llama.cpp expects of a model.
#pragma once

#include <string>
#include <vector>

#include "reference_trainer/io/gguf_file.h"
#include "reference_trainer/model/parameters.h"

namespace trainer {

// "llama", "qwen2", "gptneox"; empty for an architecture that llama.cpp does not have.
std::string gguf_architecture(const ModelShape& shape);

// general.* and <architecture>.*: dimensions, RoPE, norms. `file_type` is general.file_type.
void set_gguf_model(const ModelShape& shape, std::uint32_t file_type, GgufFile& file);

// [rotary_dim / 2] what llama.cpp divides RoPE's frequencies by, its tensor rope_freqs.weight;
// empty where they are not scaled.
std::vector<float> gguf_frequency_divisors(const ModelShape& shape);

// The file's name of a tensor that tensor_list calls `name`, e.g. "blk.0.attn_q.weight". q, k and v
// of GPT-NeoX, which are one tensor there, have none: empty.
std::string gguf_name(const ModelShape& shape, const std::string& name);

// Row of our tensor that is row r of the file's. llama.cpp's "llama" turns neighbours (2 i, 2 i +
// 1) by RoPE where transformers turns (i, i + head_dim / 2), so the rows of every head of q and k
// are interleaved; all other tensors stay.
std::int64_t gguf_source_row(const ModelShape& shape, const std::string& name, std::int64_t r);

}  // namespace trainer
