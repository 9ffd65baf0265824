// Whether what a command is about to do fits into memory.
#pragma once

#include "reference_trainer/commands/options.h"
#include "reference_trainer/train/memory_need.h"

namespace trainer {

// Throws Error (CF-08, exit code 4) with the parts of `need` when their sum is more than
// `available` bytes; `hint` says what would need less.
void require_memory(const MemoryNeed& need, std::uint64_t available,
                    const std::filesystem::path& model, const std::string& hint);

// The model of `directory` as float32 fits; its weights are not read.
void require_memory_to_load(const std::filesystem::path& directory);

// What `train` takes with batches of that many tokens; 0: not known yet.
MemoryNeed need_of_training(const CommandLine& line, const ModelShape& shape,
                            std::int64_t batch_tokens);

// The training fits: with 0 tokens what does not depend on data, before weights are read.
void require_memory_to_train(const CommandLine& line, const ModelShape& shape,
                             std::int64_t batch_tokens);

}  // namespace trainer
