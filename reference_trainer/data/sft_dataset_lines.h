// The rows of a file one after the other, for readers that keep them elsewhere than in memory.
#pragma once

#include <functional>

#include "reference_trainer/data/line_reader.h"
#include "reference_trainer/data/sft_dataset_encode.h"

namespace trainer {

// Called with every kept sample and the place of its line: bytes from the start of the file.
using SftReceiver = std::function<void(SftSample, std::uint64_t)>;

// Reads the whole file in pieces. Throws as read_sft_dataset.
SftCounts read_sft_rows(const std::filesystem::path& file, const SftEncoder& encoder,
                        const SftOptions& options, const SftReceiver& receive);

// The line that `lines` stands at. Throws Error DS-01, DS-04, DS-05, DS-13.
EncodedSftRow encode_line(const std::string& file, const LineReader& lines,
                          const SftEncoder& encoder, ChatTemplate chat);

}  // namespace trainer
