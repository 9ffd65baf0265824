// `rotate`: fold, merge R1 in double precision, and prove on the spot that nothing changed.
#include <algorithm>
#include <cmath>

#include "reference_trainer/base/error.h"
#include "reference_trainer/commands/commands.h"
#include "reference_trainer/commands/session.h"
#include "reference_trainer/io/staged_directory.h"
#include "reference_trainer/model/batch_input.h"
#include "reference_trainer/model/transformer.h"
#include "reference_trainer/roste/merge_dense_rotations.h"

namespace trainer {
namespace {

// Logits of a fixed sequence that walks through the vocabulary.
template <Backend B>
std::vector<float> probe_logits(B& backend, const Network<B>& network) {
  const ModelShape& shape = network.plan.shape;
  SftSample sample;
  const std::int64_t length =
      std::min<std::int64_t>(64, std::max<std::int64_t>(2, shape.max_positions));
  for (std::int64_t i = 0; i < length; ++i) {
    sample.tokens.push_back(static_cast<TokenId>(i * 7919 % shape.vocab_size));  // 7919: a prime
    sample.target.push_back(1);
  }
  const SftSample* samples[] = {&sample};
  ModelInput<B> input;
  load_batch(backend, make_batch(samples), input);
  Activations<B> acts(shape, Keep::kOneLayer);
  transformer_forward(backend, network, input, acts);
  Tensor<B> logits;
  lm_head_forward(backend, acts.final_hidden, network.parameters.lm_head(), logits);
  std::vector<float> host(static_cast<std::size_t>(logits.size()));
  copy_to_host<float>(backend, logits, host);
  return host;
}

// max|a - b| / max|a|
double largest_relative_difference(const std::vector<float>& a, const std::vector<float>& b) {
  double difference = 0, size = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    difference =
        std::max(difference, std::abs(static_cast<double>(a[i]) - static_cast<double>(b[i])));
    size = std::max(size, std::abs(static_cast<double>(a[i])));
  }
  return difference / size;
}

// Float32 rounding leaves about 1e-6; a rotation on a wrong side leaves about 1.
void check_unchanged(double difference, const std::filesystem::path& directory) {
  constexpr double kBound = 1e-3;
  if (difference <= kBound) return;
  throw Error(ExitCode::kNumerics,
              {"RO-08", directory.string(),
               "logits that differ by " + std::to_string(difference) + " of the largest",
               "at most 1e-3", "the weights may be too large for float32"});
}

// A Haar-distributed R1 of the rotation seed in place of the Hadamard matrix: merged, after which
// it is a model like any other and its choice has no R1.
template <Backend B>
void merge_random_r1(B& backend, Session<B>& session, RotationChoice& choice) {
  if (!choice.r1()) return;
  merge_r1(backend, DenseRotation::random(session.shape().hidden_size, choice.seed),
           session.network.parameters);
  for (RotationMask& mask : choice.layers) mask = RotationMask(mask.bits() & 0b1110u);
}

}  // namespace

template <Backend B>
void rotate_command(B& backend, const CommandLine& line) {
  check_output_directory(line.output_dir, line.model.model_name_or_path);
  Session<B> session = load_session(backend, line);
  const QuantConfig quant =
      session.network.plan.quant;  // kept, but out of the way of the comparison
  forget_plan(backend, session);
  const std::vector<float> before = probe_logits(backend, session.network);
  fold_for_quantization(backend, session);
  // --rotations has a default here.
  RotationChoice choice = chosen_rotations(line, session.shape()).value();
  const std::string rotations = choice.layers.at(0).text();
  say_rotation_notes(line, session.shape(), choice);
  if (line.rotation.rotate_mode == RotateMode::kRandom) merge_random_r1(backend, session, choice);
  apply_plan(backend, {}, choice, session.network);
  const double difference =
      largest_relative_difference(before, probe_logits(backend, session.network));
  check_unchanged(difference, line.model.model_name_or_path);
  session.network.plan.quant = quant;
  save_session(backend, session, line.output_dir);
  char number[32];
  std::snprintf(number, sizeof number, "%.2e", difference);
  if (line.format == ResultFormat::kJson) {
    print_result(
        nlohmann::json{{"max_relative_logit_difference", difference}, {"rotation", to_json(choice)}}
            .dump());
  } else {
    print_result("rotated by " + rotations +
                 " (R1 R2 R3 R4); largest change of a logit: " + number + " of the largest logit");
  }
}

template void rotate_command(Cpu&, const CommandLine&);

}  // namespace trainer
