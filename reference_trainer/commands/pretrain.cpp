// `pretrain`: the built-in task and its base model, so that nothing needs to be downloaded.
#include <algorithm>

#include "reference_trainer/base/error.h"
#include "reference_trainer/commands/commands.h"
#include "reference_trainer/commands/fine_tuning.h"
#include "reference_trainer/data/builtin_task.h"
#include "reference_trainer/io/staged_directory.h"
#include "reference_trainer/train/base_model.h"

namespace trainer {
namespace {

constexpr std::int64_t kContext = 256;  // positions; posts have about 110 tokens

// -1 stands for the value of the recipe.
template <class Number>
Number chosen(Number value, Number recipe) {
  return value == -1 ? recipe : value;
}

bool is_pythia(const PretrainOptions& o) { return o.architecture == BaseArchitecture::kPythia; }

// As Pythia is, but for half of the channels of a head, not a quarter, that turn with position.
void become_pythia(const PretrainOptions& o, ModelShape& s) {
  s.intermediate_size = chosen<std::int64_t>(o.intermediate_size, 512);
  s.architecture = kNeoXArchitecture;
  s.norm = NormKind::kLayerNorm;
  s.mlp = MlpKind::kGelu;
  s.residual = ResidualKind::kParallel;
  s.partial_rotary_dim = std::max<std::int64_t>(2, s.head_dim / 4 * 2);
  s.norm_eps = 1e-5f;
  s.qkv_bias = s.output_bias = s.mlp_bias = true;
}

ModelShape base_shape(const PretrainOptions& o) {
  ModelShape s;
  s.vocab_size = static_cast<std::int64_t>(builtin_vocabulary().size());
  s.hidden_size = o.hidden_size;
  s.intermediate_size = chosen<std::int64_t>(o.intermediate_size, 384);
  s.layers = o.num_hidden_layers;
  s.heads = o.num_attention_heads;
  s.kv_heads = chosen(o.num_key_value_heads, o.num_attention_heads);
  s.head_dim = o.hidden_size / o.num_attention_heads;
  s.max_positions = kContext;
  s.norm_eps = 1e-6f;
  s.rope_theta = static_cast<float>(o.rope_theta);
  s.bos_token_id = 0;
  s.eos_token_ids = {1};
  if (is_pythia(o)) become_pythia(o, s);
  return s;
}

// The training flags with the recipe's values.
CommandLine pretraining_line(CommandLine line) {
  double& rate = line.train.learning_rate;
  rate = chosen(rate, is_pythia(line.pretrain) ? 3e-3 : 2e-3);
  return line;
}

BaseModelRecipe recipe_of(const PretrainOptions& o) {
  BaseModelRecipe recipe;
  recipe.massive_scale = static_cast<float>(chosen(o.massive_scale, is_pythia(o) ? 10.0 : 5.0));
  recipe.key_scale = static_cast<float>(o.key_scale);
  recipe.up_scale = static_cast<float>(o.up_scale);
  return recipe;
}

// Writes tokenizer and data, complete or not at all; the model joins them at the end.
void write_task(const CommandLine& line, const std::filesystem::path& directory) {
  StagedDirectory staged(directory);
  write_builtin_task(staged.path(), line.train.seed, line.pretrain.sizes);
  write_file_atomically(staged.path() / "tokenizer.json", builtin_tokenizer_json());
  staged.commit();
}

}  // namespace

nlohmann::json base_model_key(const CommandLine& line) {
  const BuiltinTaskSizes& sizes = line.pretrain.sizes;
  const BaseModelRecipe recipe = recipe_of(line.pretrain);
  const ModelShape shape = base_shape(line.pretrain);
  return {
      {"training", to_json(train_settings(pretraining_line(line), sizes.pretraining))},
      {"sizes", {sizes.pretraining, sizes.train, sizes.calibration, sizes.validation, sizes.test}},
      {"shape",
       {shape.architecture, shape.hidden_size, shape.intermediate_size, shape.layers, shape.heads,
        shape.kv_heads, shape.rope_theta}},
      {"recipe",
       {recipe.massive_scale, recipe.key_scale, recipe.up_scale, recipe.up_channels,
        recipe.embedding_std, recipe.mimetic}}};
}

template <Backend B>
std::filesystem::path make_base_model(B& backend, const CommandLine& line) {
  const ModelShape shape = base_shape(line.pretrain);
  const std::filesystem::path task = line.output_dir / "data";
  write_task(line, task);
  const Tokenizer tokenizer = Tokenizer::load(task, shape.vocab_size);
  const SftDataset documents = load_dataset(line, task / "pretraining.jsonl", tokenizer, shape);

  Network<B> network = make_network(backend, plain_plan(shape));
  const BaseModelRecipe recipe = recipe_of(line.pretrain);
  set_parameters(backend, initial_values(shape, recipe, line.train.seed), network.parameters);
  TrainingState<B> state(backend, network);
  TrainingJob<B> job{network, state};
  RunLog log(line.output_dir);
  fine_tune<B>(backend, pretraining_line(line), "pretrain", log, documents.samples, job);

  HostParameters trained = get_parameters(backend, network.parameters);
  move_outliers(shape, recipe, line.train.seed, trained);
  set_parameters(backend, trained, network.parameters);
  const std::filesystem::path model = line.output_dir / "model";
  save_network(backend, network, {shape, nullptr, task}, model);
  return model;
}

template <Backend B>
void pretrain_command(B& backend, const CommandLine& line) {
  check_output_directory(line.output_dir, {});
  print_result(make_base_model(backend, line).string());
}

template std::filesystem::path make_base_model(Cpu&, const CommandLine&);
template void pretrain_command(Cpu&, const CommandLine&);

}  // namespace trainer
