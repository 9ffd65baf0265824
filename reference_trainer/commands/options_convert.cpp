// Flags of convert.
#include "reference_trainer/commands/options_rows.h"

namespace trainer {

void add_convert_flags(std::vector<FlagRow>& rows) {
  using namespace option_rows;
  Group group("Form", rows);
  group.add({kConvert}, word_flag({"form", "norms folded; or GPT-NeoX with q, k and v split"},
                                  at(&CommandLine::convert_form)));
}

}  // namespace trainer
