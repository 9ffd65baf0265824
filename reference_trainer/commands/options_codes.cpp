// Flags of models whose weights are stored as codes.
#include "reference_trainer/commands/options_rows.h"

namespace trainer {
namespace {

using namespace option_rows;
using Cmd = CommandLine;

}  // namespace

void add_code_flags(std::vector<FlagRow>& rows) {
  Group group("Codes", rows);
  group.add({kQuantize}, word_flag({"weights_format", "quantized weights as codes, or as floats"},
                                   at(&Cmd::weights_format)));
  group.add({kEval, kGenerate},
            word_flag({"engine", "multiplies codes, or floats; auto: int where it can"},
                      at(&Cmd::model, &ModelOptions::engine)));
}

}  // namespace trainer
