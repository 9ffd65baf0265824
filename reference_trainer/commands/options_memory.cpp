// Flags that trade memory for time or for digits.
#include "reference_trainer/commands/options_rows.h"

namespace trainer {

using namespace option_rows;

void add_memory_flags(std::vector<FlagRow>& rows) {
  Group group("Memory", rows);
  group.add({kTrain}, word_flag({"gradient_checkpointing",
                                 "activations kept for backward: all, as codes, or computed again"},
                                at(&CommandLine::train, &TrainOptions::gradient_checkpointing)));
  group.add({kTrain}, word_flag({"optim", "AdamW with moments of 32 or 8 bits"},
                                at(&CommandLine::train, &TrainOptions::optim)));
}

}  // namespace trainer
