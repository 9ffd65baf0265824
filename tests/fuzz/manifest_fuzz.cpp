// MANIFEST.json of a checkpoint with a small state.safetensors.
//   byte 0 even: what follows is the file
//   byte 0 odd:  what follows is the body, which is put into an envelope with its hash: no mutation
//                would find a hash of 128 bits
#include <nlohmann/json.hpp>
#include <string>

#include "reference_trainer/io/manifest.h"
#include "tests/fuzz/contract.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/scratch.h"

namespace trainer::fuzz {
namespace {

using nlohmann::json;

// The file, or nothing where the body is no JSON.
std::string file_of(Input input) {
  if (input.below(2) == 0) return std::string(input.rest());
  const json body = json::parse(input.rest(), nullptr, false);
  if (body.is_discarded()) return "";
  const std::string text = body.dump();
  const json document = {{"body", body}, {"xxh3_128", hash_bytes(std::as_bytes(std::span(text)))}};
  return document.dump(1) + "\n";
}

struct Checkpoint {
  ScratchDirectory parent;
  std::filesystem::path directory = parent / "step-7";
  ScratchFile manifest;
  Checkpoint()
      : manifest((std::filesystem::create_directory(directory), directory / kManifestFile)) {
    static constexpr float kValues[] = {1.0f, 2.0f};
    const FloatTensorView tensor{"w", {2}, kValues};
    write_safetensors(directory / kStateFile, {&tensor, 1}, {});
  }
};

}  // namespace
}  // namespace trainer::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace trainer;
  using namespace trainer::fuzz;
  static const Checkpoint checkpoint;
  checkpoint.manifest.set(file_of(Input(data, size)));
  accepts("CK",
          [&] { require(verify_checkpoint(checkpoint.directory).step == 7, "another step"); });
  return 0;
}
