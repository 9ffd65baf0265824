// Flags of `export`.
#include "reference_trainer/commands/options_rows.h"

namespace trainer {
namespace {

using namespace option_rows;

}  // namespace

void add_export_flags(std::vector<FlagRow>& rows) {
  Group group("Export", rows);
  const auto field = [](auto member) { return at(&CommandLine::export_to, member); };
  group.add_required({kExport}, {kExport},
                     word_flag({"format", "what is written"}, field(&ExportOptions::format)));
  group.add({kExport}, word_flag({"save_dtype", "hf: type of all tensors"},
                                 field(&ExportOptions::save_dtype)));
  group.add({kExport}, word_flag({"export_weights", "hf, gguf: of a model trained quantized"},
                                 field(&ExportOptions::weights)));
  group.add({kExport}, word_flag({"export_activations", "compressed-tensors: their quantizer"},
                                 field(&ExportOptions::activations)));
  group.add({kExport},
            word_flag({"gguf_type", "gguf: type of matrices"}, field(&ExportOptions::gguf_type)));
}

}  // namespace trainer
