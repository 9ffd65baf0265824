// config.json of every family, and the files beside it.
//   the text up to the first NUL is config.json, or, where it is empty, a small valid one;
//   then generation_config.json and roste.json, each read when there is a NUL before it
#include <string>

#include "reference_trainer/io/config_rules.h"
#include "reference_trainer/io/model_config.h"
#include "reference_trainer/io/model_directory.h"
#include "reference_trainer/model/settings_json.h"
#include "tests/fuzz/contract.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/scratch.h"

namespace trainer::fuzz {
namespace {

constexpr std::string_view kSmallConfig = R"({"architectures": ["LlamaForCausalLM"],
  "vocab_size": 32, "hidden_size": 8, "intermediate_size": 16, "num_hidden_layers": 2,
  "num_attention_heads": 2, "max_position_embeddings": 64, "rms_norm_eps": 1e-5,
  "rope_theta": 10000.0, "eos_token_id": 1})";

struct Model {
  ScratchDirectory directory;
  ScratchFile config{directory / "config.json"};
  ScratchFile generation{directory / "generation_config.json"};
  ScratchFile roste{directory / "roste.json"};
};

void write_files(Input input, const Model& model) {
  const std::string_view config = input.text();
  model.config.set(config.empty() ? kSmallConfig : config);
  model.generation.set(input.has_more() ? input.text() : "{}");
  model.roste.set(input.has_more() ? input.text() : "null");
}

void read_plan(const Model& model, const ModelShape& shape) {
  const nlohmann::json roste = read_roste_json(model.directory.path());
  const ForwardPlan plan = plan_from_json(shape, roste, "roste.json");
  if (roste.is_null()) return;
  const nlohmann::json written = to_json(plan);
  require(to_json(plan_from_json(shape, written, "again")) == written, "another plan");
}

// What is read back from what we write for a shape is that shape.
void write_again(const Model& model, const ModelShape& shape) {
  const std::string written = config_json(shape).dump();
  model.config.set(written);
  model.generation.set("{}");
  require(config_json(read_model_shape(model.directory.path())).dump() == written, "another shape");
}

}  // namespace
}  // namespace trainer::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace trainer;
  using namespace trainer::fuzz;
  static const Model model;
  write_files(Input(data, size), model);
  accepts("CF RJ", [&] {
    const ModelShape shape = read_model_shape(model.directory.path());
    write_again(model, shape);
    read_plan(model, shape);
  });
  return 0;
}
