// Memory and time of a W4A4KV4 training step by what is kept for the backward pass, the form of the
// effective weights, the bits of Adam's moments and the type of the parameters. One process each,
// so that peaks are their own: train_memory_bench [threads] Setting: 6 layers, d = 512, ffn 1408,
// vocabulary 4096, batch 8 x 256.
#include <malloc.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>

#include "reference_trainer/roste/merge_rotations.h"
#include "reference_trainer/train/base_model.h"
#include "reference_trainer/train/memory_need.h"
#include "reference_trainer/train/step.h"

namespace {

using namespace trainer;

constexpr std::int64_t kSequences = 8, kLength = 256;
constexpr int kSteps = 3;

ModelShape shape() {
  ModelShape s;
  s.vocab_size = 4096;
  s.hidden_size = 512;
  s.intermediate_size = 1408;
  s.layers = 6;
  s.heads = s.kv_heads = 8;
  s.head_dim = 64;
  s.max_positions = kLength;
  return s;
}

TokenBatch batch(const ModelShape& s) {
  std::vector<SftSample> samples(static_cast<std::size_t>(kSequences));
  std::vector<const SftSample*> rows;
  for (std::uint64_t i = 0; i < samples.size(); ++i) {
    for (std::uint64_t t = 0; t <= kLength; ++t) {
      const auto vocabulary = static_cast<std::uint64_t>(s.vocab_size);
      samples[i].tokens.push_back(static_cast<TokenId>(roste::random_bits(i, t) % vocabulary));
      samples[i].target.push_back(1);
    }
    rows.push_back(&samples[i]);
  }
  return make_batch(rows);
}

// A field of /proc/self/status in bytes, e.g. "VmRSS:".
double memory(const std::string& field) {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    double kilobytes = 0;
    if (word == field && status >> kilobytes) return kilobytes * 1024;
  }
  return 0;
}

// Of the processor: other programs do not count.
double seconds() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

double parameter_count(Parameters<Cpu>& p) {
  double count = 0;
  for (const auto& t : tensor_list(p)) count += static_cast<double>(t.tensor->size());
  return count;
}

// Forgets the peak so far: that of loading is not a step's.
void reset_peak() { std::ofstream("/proc/self/clear_refs") << "5"; }

struct Held {
  const char* name;
  Keep keep;
  EffectiveForm effective = EffectiveForm::kStored;
  ParamDType dtype = ParamDType::kFloat32;
  MasterWeights masters = MasterWeights::kFloat32;
};

template <class State>
void measure(const Held& held_as, int threads) {
  Cpu cpu(threads);
  const double empty = memory("VmRSS:");
  Network<Cpu> network = make_network(cpu, plain_plan(shape()));
  BaseModelRecipe recipe;
  recipe.massive_scale = 0;
  set_parameters(cpu, initial_values(shape(), recipe, 1), network.parameters);
  fold_norms(cpu, network);
  QuantConfig quant;
  network.effective_form = held_as.effective;
  quant.weight.bits = quant.activation.bits = quant.kv.bits = 4;
  apply_plan(cpu, quant, RotationChoice::shared(RotationMask(15), network.plan.shape, 1), network);
  State state(cpu, network, held_as.keep);
  fill_zero(cpu, state.gradients);  // pages that nobody has touched are not counted
  const double parameters = parameter_count(state.gradients);
  hold_parameters(cpu, held_as.dtype, held_as.masters, network, state);
  malloc_trim(0);
  reset_peak();
  const double held = memory("VmRSS:") - empty;
  const std::vector<TokenBatch> batches = {batch(shape())};
  const CrossEntropy entropy;
  double best = 1e30, loss = 0;
  for (int step = 0; step < kSteps; ++step) {
    const double begin = seconds();
    const StepObjective<const CrossEntropy> objective{batches, entropy};
    loss = train_step(cpu, TrainSettings{}, step, objective, network, state).loss;
    best = std::min(best, seconds() - begin);
  }
  const double grown = memory("VmHWM:") - empty - held;
  const MomentBits moments =
      std::is_same_v<State, EightBitState<Cpu>> ? MomentBits::k8 : MomentBits::k32;
  TrainingLoad load{shape(), quant, held_as.keep, moments};
  load.param_dtype = held_as.dtype;
  load.masters = held_as.masters;
  load.effective = held_as.effective;
  load.batch_tokens = kSequences * kLength;
  const MemoryNeed need = training_memory(load);
  std::printf("%-46s %6.1f %8.0f %9.1f %8.2f %10.2f %10.6f\n", held_as.name, held / parameters,
              grown / static_cast<double>(kSequences * kLength), (held + grown) / 0x1p20,
              need.total() / (held + grown), best, loss);
  std::fflush(stdout);
}

// Calls the measurement in a process of its own.
template <class State>
void measure_alone(const Held& held_as, int threads) {
  const pid_t child = fork();
  if (child == 0) {
    measure<State>(held_as, threads);
    _exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  if (status != 0) std::exit(1);
}

}  // namespace

int main(int argc, char** argv) {
  const int threads = argc > 1 ? std::atoi(argv[1]) : 1;
  std::printf("%-46s %6s %8s %9s %8s %10s %10s\n", "kept, moments, effective, parameters", "B/par.",
              "B/token", "MiB", "estimate", "cpu s", "last loss");
  std::fflush(stdout);  // or every child would print it again
  using Floats = TrainingState<Cpu>;
  using Codes = EightBitState<Cpu>;
  constexpr EffectiveForm kCodes = EffectiveForm::kCodes;
  constexpr ParamDType kBFloat16 = ParamDType::kBFloat16;
  measure_alone<Floats>({"all, 32 bits, stored, float32", Keep::kEveryLayer}, threads);
  measure_alone<Floats>({"codes, 32 bits, stored, float32", Keep::kCodes}, threads);
  measure_alone<Floats>({"inputs, 32 bits, stored, float32", Keep::kInputs}, threads);
  measure_alone<Floats>({"inputs, 32 bits, codes, float32", Keep::kInputs, kCodes}, threads);
  measure_alone<Codes>({"inputs, 8 bits, stored, float32", Keep::kInputs}, threads);
  measure_alone<Codes>({"inputs, 8 bits, codes, float32", Keep::kInputs, kCodes}, threads);
  measure_alone<Codes>(
      {"inputs, 8 bits, codes, bfloat16 and masters", Keep::kInputs, kCodes, kBFloat16}, threads);
  measure_alone<Codes>({"inputs, 8 bits, codes, bfloat16 alone", Keep::kInputs, kCodes, kBFloat16,
                        MasterWeights::kNone},
                       threads);
}
