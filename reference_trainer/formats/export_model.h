// A network as programs know it that have neither our rotations nor our quantizers.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "reference_trainer/formats/export_options.h"
#include "reference_trainer/model/model_files.h"

namespace trainer {

// What the written model lacks or has otherwise, one sentence each.
using Notes = std::vector<std::string>;

// Where a model comes from and goes to.
struct ExportJob {
  std::filesystem::path source;  // a model directory: tokenizer files, stored codes
  std::filesystem::path output;  // absent or empty
  ExportOptions options;
};

// The codes of all linear layers of `network`, which load_network made of `source` (with
// Engine::kFloat): those of its files, those that its forward pass multiplies, or those of stored
// values where the quantizer gives these values back bit for bit. Throws Error EX-03 where there
// are none.
PackedWeights codes_of(Cpu& cpu, const std::filesystem::path& source, Network<Cpu>& network);

// Parameters of `network` become those of a program that rotates nothing: R1 and R2 may stay
// merged, R4 is turned back where it is, in double precision, and R3 leaves nothing. With
// kQuantized they are on the quantizer's grid first (EX-03 where there is none). The plan becomes
// plain. Adds to `notes` what that means.
void make_plain(Cpu& cpu, ExportedWeights weights, Network<Cpu>& network, Notes& notes);

// Layers where rotation 1 ... 4 is in use.
std::vector<std::size_t> layers_with(const ForwardPlan& plan, int rotation);

// README.md of what was written: the title, the notes as a list.
std::string readme_text(const std::string& title, const Notes& notes);

// Writes readme_text to README.md in `directory`. Throws Error (IO-02).
void write_readme(const std::filesystem::path& directory, const std::string& title,
                  const Notes& notes);

}  // namespace trainer
