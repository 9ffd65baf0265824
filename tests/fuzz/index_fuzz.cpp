// model.safetensors.index.json beside two shards, a.safetensors with "a" and "a/bias", and
// b.safetensors with "b".
#include <string>
#include <vector>

#include "reference_trainer/io/model_directory.h"
#include "tests/fuzz/contract.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/scratch.h"

namespace trainer::fuzz {
namespace {

void write_shard(const std::filesystem::path& path, const std::vector<std::string>& names) {
  static constexpr float kValues[] = {1.0f, 2.0f};
  std::vector<FloatTensorView> tensors;
  for (const std::string& name : names) tensors.push_back({name, {2}, kValues});
  write_safetensors(path, tensors, {});
}

struct Sharded {
  ScratchDirectory directory;
  ScratchFile index{directory / "model.safetensors.index.json"};
  Sharded() {
    write_shard(directory / "a.safetensors", {"a", "a/bias"});
    write_shard(directory / "b.safetensors", {"b"});
  }
};

void read_all(const WeightFiles& files) {
  for (const std::string& name : files.names()) {
    std::vector<float> values(2);
    files.read_floats(name, values);
    require(values[0] == 1.0f && values[1] == 2.0f, "other values");
  }
}

}  // namespace
}  // namespace trainer::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace trainer;
  using namespace trainer::fuzz;
  static const Sharded model;
  model.index.set(Input(data, size).rest());
  accepts("ST", [&] { read_all(WeightFiles::open(model.directory.path())); });
  return 0;
}
