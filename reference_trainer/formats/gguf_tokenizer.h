// A tokenizer as the metadata of a GGUF file.
#pragma once

#include <filesystem>

#include "reference_trainer/formats/export_model.h"
#include "reference_trainer/io/gguf_file.h"

namespace trainer {

// Sets the keys tokenizer.*: "llama" for BPE with byte fallback, whose scores are the ranks of the
// merges that make a token; "gpt2" for byte-level BPE; "none", ids without texts, for a tokenizer
// of words, which adds to `notes`. `shape` gives vocab_size (ids without a token are named
// [PAD<id>]) and the ids that begin and end a text. Throws Error TK as Tokenizer::load, EX-06 for a
// way to cut text that has no name there.
void set_gguf_tokenizer(const std::filesystem::path& source, const ModelShape& shape,
                        GgufFile& file, Notes& notes);

}  // namespace trainer
