// tokens/s of a plain and of a RoSTE (W4A4KV4, all rotations) optimizer step, alternated in one
// run, and the plain step's share of the core's FMA peak. One thread by default: train_step_bench
// [threads] Setting: 4 layers, d = 256, ffn 1024, vocabulary 4096, batch 8 x 128.
#include <cstdio>
#include <cstdlib>

#include "benchmarks/measure.h"
#include "reference_trainer/base/process.h"
#include "reference_trainer/roste/merge_rotations.h"
#include "reference_trainer/train/base_model.h"
#include "reference_trainer/train/step.h"

namespace {

using namespace trainer;

ModelShape shape() {
  ModelShape s;
  s.vocab_size = 4096;
  s.hidden_size = 256;
  s.intermediate_size = 1024;
  s.layers = 4;
  s.heads = s.kv_heads = 8;
  s.head_dim = 32;
  s.max_positions = 128;
  return s;
}

// 8 sequences of 129 tokens: 128 are fed, 128 are targets.
std::vector<SftSample> samples(const ModelShape& s) {
  std::vector<SftSample> all(8);
  for (std::uint64_t i = 0; i < all.size(); ++i) {
    for (std::uint64_t t = 0; t < 129; ++t) {
      all[i].tokens.push_back(static_cast<TokenId>(roste::random_bits(i, t) %
                                                   static_cast<std::uint64_t>(s.vocab_size)));
      all[i].target.push_back(1);
    }
  }
  return all;
}

// Multiply-adds count twice; backward costs twice the forward. Attention sees half the keys on
// average.
double flops_per_step(const ModelShape& s, std::int64_t tokens) {
  double weights = static_cast<double>(s.vocab_size * s.hidden_size);
  for (const Linear l : linears_of(s)) {
    weights += static_cast<double>(s.layers * linear_shape(s, l).out * linear_shape(s, l).in);
  }
  const double attention = 2.0 * static_cast<double>(s.layers * s.query_width()) * 129 / 2;
  return 3 * 2 * (weights + attention) * static_cast<double>(tokens);
}

struct Contestant {
  Network<Cpu> network;
  TrainingState<Cpu> state;
  std::int64_t step = 0;
  double loss = 0;

  Contestant(Cpu& cpu, const QuantConfig& quant, RotationMask mask)
      : network(rotated(cpu, quant, mask)), state(cpu, network) {}

  static Network<Cpu> rotated(Cpu& cpu, const QuantConfig& quant, RotationMask mask) {
    BaseModelRecipe recipe;
    recipe.massive_scale = 0;
    Network<Cpu> network = make_network(cpu, plain_plan(shape()));
    set_parameters(cpu, initial_values(shape(), recipe, 1), network.parameters);
    fold_norms(cpu, network);
    apply_plan(cpu, quant, RotationChoice::shared(mask, shape(), 1), network);
    return network;
  }

  void run(Cpu& cpu, const TrainSettings& settings, const std::vector<TokenBatch>& batches) {
    loss = train_step(cpu, settings, step++, std::span(batches), network, state).loss;
  }
};

}  // namespace

int main(int argc, char** argv) {
  const int threads = argc > 1 ? std::atoi(argv[1]) : 1;
  flush_denormals_in_this_thread();
  keep_freed_scratch_memory();
  Cpu cpu(threads);
  const std::vector<SftSample> data = samples(shape());
  std::vector<const SftSample*> rows;
  for (const SftSample& s : data) rows.push_back(&s);
  const std::vector<TokenBatch> batches{make_batch(rows)};
  TrainSettings settings;
  settings.learning_rate = 1e-3;
  settings.schedule = Schedule::kConstant;

  QuantConfig four;
  four.weight.bits = four.activation.bits = four.kv.bits = 4;
  Contestant plain(cpu, {}, RotationMask(0)), ste(cpu, four, RotationMask(0)),
      roste(cpu, four, RotationMask(15));
  Contestant* const contestants[] = {&plain, &ste, &roste};

  // The result first: the three models compute nearly the same function, and learn one batch.
  double first_loss = 0;
  for (Contestant* c : contestants) {
    c->run(cpu, settings, batches);
    const double first = c->loss;
    for (int i = 0; i < 4; ++i) c->run(cpu, settings, batches);
    if (first_loss == 0) first_loss = first;
    if (!(c->loss < first - 1 && std::abs(first - first_loss) < 0.1 * first_loss)) {
      std::fprintf(stderr, "error: loss went from %.3f to %.3f; the plain model began at %.3f\n",
                   first, c->loss, first_loss);
      return 1;
    }
  }

  constexpr int kRounds = 15;
  std::vector<double> times[3], ste_ratios, roste_ratios, peaks;
  for (int round = 0; round < kRounds; ++round) {
    peaks.push_back(bench::fma_peak());
    for (int i = 0; i < 3; ++i)
      times[i].push_back(bench::time_once([&] { contestants[i]->run(cpu, settings, batches); }));
    ste_ratios.push_back(times[1].back() / times[0].back());
    roste_ratios.push_back(times[2].back() / times[0].back());
  }
  const auto tokens = static_cast<double>(batches[0].tokens.size());
  const char* const names[] = {"plain", "STE W4A4KV4", "RoSTE W4A4KV4"};
  for (int i = 0; i < 3; ++i) {
    std::printf("%-14s %8.0f tokens/s  %6.1f ms a step\n", names[i],
                tokens / bench::median(times[i]), 1e3 * bench::median(times[i]));
  }
  std::printf("STE / plain    %.3f of the time (median of %d paired ratios)\n",
              bench::median(ste_ratios), kRounds);
  std::printf("RoSTE / plain  %.3f\n", bench::median(roste_ratios));
  const double rate = flops_per_step(shape(), batches[0].tokens.size()) / bench::median(times[0]);
  std::printf("plain step: %.1f GFLOP/s, %.0f %% of one core's FMA peak of %.1f GFLOP/s\n",
              rate / 1e9, 100 * rate / bench::median(peaks), bench::median(peaks) / 1e9);
  return 0;
}
