// Tokens per second of one sequence: full precision, quantized values multiplied as floats, and
// codes (--engine int). Prompts are read in one piece (prefill), then tokens follow one by one
// (decode). Engines take turns in one run, on one thread by default: generate_bench [threads]
//
// Models: 134 million random parameters, 12 layers, d = 768, ffn 2048, 12 heads, vocabulary 32000;
// and stories260K-hf, where it is installed.
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>

#include "benchmarks/measure.h"
#include "reference_trainer/base/process.h"
#include "reference_trainer/eval/generate.h"
#include "reference_trainer/model/model_files.h"
#include "reference_trainer/roste/round_to_nearest.h"
#include "reference_trainer/train/base_model.h"

namespace {

using namespace trainer;
namespace fs = std::filesystem;

ModelShape large_shape() {
  ModelShape s;
  s.vocab_size = 32000;
  s.hidden_size = 768;
  s.intermediate_size = 2048;
  s.layers = 12;
  s.heads = s.kv_heads = 12;
  s.head_dim = 64;
  s.max_positions = 1024;
  s.tied_embeddings = false;
  return s;
}

struct Lengths {
  std::int64_t prompt, added;
};

TokenSequence random_prompt(const ModelShape& s, std::int64_t length) {
  TokenSequence prompt;
  for (std::int64_t t = 0; t < length; ++t)
    prompt.push_back(static_cast<TokenId>(roste::random_bits(5, static_cast<std::uint64_t>(t)) %
                                          static_cast<std::uint64_t>(s.vocab_size)));
  return prompt;
}

QuantConfig bits(int weight, int activation, int kv) {
  QuantConfig quant;
  quant.weight.bits = weight;
  quant.activation.bits = activation;
  quant.kv.bits = kv;
  return quant;
}

// One way to run the model that `directory` holds.
struct Contestant {
  const char* name;
  fs::path directory;
  Engine engine;
  Network<Cpu> network;
  std::vector<double> prefill = {}, decode = {};  // tokens per second
  TokenSequence said = {};
};

// A model in full precision, and quantized with all rotations as codes.
struct Directories {
  Directories(Cpu& cpu, Network<Cpu>& network, const fs::path& root) : plain(root / "fp32") {
    save_network(cpu, network, {network.plan.shape, nullptr, {}}, plain);
    for (const int activation : {4, 8}) {
      Network<Cpu> q = load_network(cpu, plain, NonFinite::kReject);
      fold_norms(cpu, q);
      const auto choice = RotationChoice::shared(RotationMask(15), q.plan.shape, 1);
      round_to_nearest(cpu, bits(4, activation, 4), choice, q);
      q.plan.weight_form = WeightForm::kCodes;
      const fs::path to = root / ("w4a" + std::to_string(activation));
      save_network(cpu, q, {q.plan.shape, to_json(q.plan), {}}, to);
      (activation == 4 ? w4a4 : w4a8) = to;
    }
  }

  fs::path plain, w4a4, w4a8;
};

// Seconds of f: of this thread, where it is the only one, so that others' work does not count.
template <class F>
double seconds_of(Cpu& cpu, F&& f) {
  return cpu.pool().threads() == 1 ? bench::thread_time(f, 1) : bench::time_once(f);
}

template <class Cache>
void run_once(Cpu& cpu, const Lengths& lengths, Contestant& c) {
  const std::vector<TokenSequence> prompts{random_prompt(c.network.plan.shape, lengths.prompt)};
  const GenerationSettings settings{lengths.added, {}};
  std::optional<GenerationBatch<Cpu, MostLikely, Cache>> batch;
  const double read =
      seconds_of(cpu, [&] { batch.emplace(cpu, c.network, prompts, settings, MostLikely{}); });
  const double write = seconds_of(cpu, [&] {
    while (batch->step()) {
    }
  });
  c.prefill.push_back(static_cast<double>(lengths.prompt) / read);
  // The first token needs the head alone.
  c.decode.push_back(static_cast<double>(lengths.added - 1) / write);
  c.said = batch->results()[0];
}

void run(Cpu& cpu, const Lengths& lengths, Contestant& c) {
  if (c.network.plan.weight_form == WeightForm::kCodes)
    run_once<CodedKvCache<Cpu>>(cpu, lengths, c);
  else
    run_once<KvCache<Cpu>>(cpu, lengths, c);
}

std::size_t common_tokens(const TokenSequence& a, const TokenSequence& b) {
  std::size_t n = 0;
  while (n < std::min(a.size(), b.size()) && a[n] == b[n]) ++n;
  return n;
}

// Largest difference of the logits behind the prompt, relative to the largest logit.
double difference(Cpu& cpu, const Network<Cpu>& a, const Network<Cpu>& b, std::int64_t length) {
  const TokenSequence prompt = random_prompt(a.plan.shape, length);
  std::vector<float> logits[2];
  const Network<Cpu>* networks[2] = {&a, &b};
  for (int i = 0; i < 2; ++i) {
    const auto take = [&](const NextToken& next) {
      logits[i].assign(next.logits.begin(), next.logits.end());
      return TokenId{0};
    };
    const GenerationSettings settings{1, {}};
    GenerationBatch<Cpu, decltype(take)> batch(cpu, *networks[i], std::span(&prompt, 1), settings,
                                               take);
    batch.step();
  }
  float largest = 0, apart = 0;
  for (std::size_t t = 0; t < logits[0].size(); ++t) {
    largest = std::max(largest, std::abs(logits[0][t]));
    apart = std::max(apart, std::abs(logits[0][t] - logits[1][t]));
  }
  return apart / largest;
}

double resident_mib() {
  std::ifstream statm("/proc/self/statm");
  double total = 0, resident = 0;
  statm >> total >> resident;
  return resident * static_cast<double>(::sysconf(_SC_PAGESIZE)) / (1 << 20);
}

// Loads the model, reads the prompt and says a few tokens, in a process that has done nothing else.
int memory_main(const fs::path& directory, Engine engine, const Lengths& lengths) {
  Cpu cpu(1);
  const double before = resident_mib();
  Contestant own{"", directory, engine, load_network(cpu, directory, NonFinite::kReject, engine)};
  const double loaded = resident_mib();
  run(cpu, {lengths.prompt, 8}, own);
  std::printf("%8.1f MiB loaded, %8.1f MiB with cache and activations\n", loaded - before,
              resident_mib() - before);
  return 0;
}

void print_memory(const Lengths& lengths, const Contestant& c) {
  std::printf("%-22s ", c.name);
  std::fflush(stdout);
  const std::string prompt = std::to_string(lengths.prompt);
  const char* engine = c.engine == Engine::kInt ? "int" : "float";
  const pid_t child = ::fork();
  if (child == 0) {
    ::execl("/proc/self/exe", "generate_bench", "--memory", c.directory.c_str(), engine,
            prompt.c_str(), nullptr);
    ::_exit(127);
  }
  ::waitpid(child, nullptr, 0);
}

int compare(Cpu& cpu, const char* title, Network<Cpu> network, const Lengths& lengths, int rounds) {
  std::string root = (fs::temp_directory_path() / "generate_bench_XXXXXX").string();
  if (::mkdtemp(root.data()) == nullptr) return 4;
  const Directories d(cpu, network, root);
  network = {};
  std::printf("%s: %lld tokens read, %lld written\n", title, static_cast<long long>(lengths.prompt),
              static_cast<long long>(lengths.added));
  std::vector<Contestant> contestants;
  const auto add = [&](const char* name, const fs::path& directory, Engine engine) {
    contestants.push_back({name, directory, engine, {}});
    print_memory(lengths, contestants.back());
  };
  add("fp32", d.plain, Engine::kFloat);
  add("W4A4KV4 as floats", d.w4a4, Engine::kFloat);
  add("W4A4KV4 int", d.w4a4, Engine::kInt);
  add("W4A8KV4 as floats", d.w4a8, Engine::kFloat);
  add("W4A8KV4 int", d.w4a8, Engine::kInt);
  for (Contestant& c : contestants)
    c.network = load_network(cpu, c.directory, NonFinite::kReject, c.engine);
  fs::remove_all(root);

  for (int i = 0; i < rounds; ++i) {
    for (Contestant& c : contestants) run(cpu, lengths, c);
  }
  for (const std::size_t i : {1u, 3u}) {
    std::printf(
        "%s: logits apart by %.1e, %zu of %zu greedy tokens the same\n", contestants[i + 1].name,
        difference(cpu, contestants[i].network, contestants[i + 1].network, lengths.prompt),
        common_tokens(contestants[i].said, contestants[i + 1].said), contestants[i].said.size());
  }
  for (const Contestant& c : contestants)
    std::printf("%-22s %10.1f tokens/s read, %10.1f tokens/s written\n", c.name,
                bench::median(c.prefill), bench::median(c.decode));
  return 0;
}

Network<Cpu> random_network(Cpu& cpu, const ModelShape& shape) {
  BaseModelRecipe recipe;
  recipe.massive_scale = 0;
  Network<Cpu> network = make_network(cpu, plain_plan(shape));
  set_parameters(cpu, initial_values(shape, recipe, 1), network.parameters);
  return network;
}

}  // namespace

int main(int argc, char** argv) {
  flush_denormals_in_this_thread();
  keep_freed_scratch_memory();
  if (argc == 5 && std::string(argv[1]) == "--memory")
    return memory_main(argv[2], std::string(argv[3]) == "int" ? Engine::kInt : Engine::kFloat,
                       {std::atoi(argv[4]), 0});
  Cpu cpu(argc > 1 ? std::atoi(argv[1]) : 1);
  const fs::path stories = fs::path(ROSTE_SHARED_DATA) / "models/stories260K-hf";
  if (fs::exists(stories))
    compare(cpu, "stories260K-hf", load_network(cpu, stories, NonFinite::kReject), {128, 256}, 9);
  else
    std::puts("stories260K-hf: skipped, it is not there");
  return compare(cpu, "134 million parameters", random_network(cpu, large_shape()), {256, 64}, 5);
}
