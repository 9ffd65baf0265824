// Integer inference: codes of weights, activations, keys and values against the same numbers as
// floats, layer by layer and token by token.
#include "reference_trainer/eval/coded_kv_cache.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <filesystem>

#include "reference_trainer/model/model_files.h"
#include "reference_trainer/roste/round_to_nearest.h"
#include "tests/eval/generation_models.h"

namespace trainer {
namespace {

struct EngineCase {
  const char* name;
  ModelShape (*shape)();
  int weight_bits, activation_bits, kv_bits;
  Symmetry symmetry;
};

// Sequential residual, LayerNorm and GELU, all channels of a head turn.
ModelShape sequential_neox_shape() {
  ModelShape s = test::generating_neox_shape();
  s.residual = ResidualKind::kSequential;
  s.partial_rotary_dim = s.head_dim;
  return s;
}

// Heads of an odd multiple of 16 values and one key/value head for all.
ModelShape one_kv_head_shape() {
  ModelShape s = test::generating_shape();
  s.kv_heads = 1;
  s.qkv_bias = s.output_bias = s.mlp_bias = false;
  return s;
}

// The same quantized model twice: multiplied as floats, and as codes.
struct BothEngines {
  BothEngines(Cpu& cpu, const EngineCase& c, unsigned mask)
      : floats(quantized(cpu, c, mask)), ints(quantized(cpu, c, mask)) {
    multiply_packed_codes(cpu, ints);
  }

  static Network<Cpu> quantized(Cpu& cpu, const EngineCase& c, unsigned mask) {
    Network<Cpu> network = test::talkative_network(cpu, c.shape());
    fold_norms(cpu, network);
    QuantConfig quant;
    quant.weight = {c.weight_bits, c.symmetry};
    quant.activation = {c.activation_bits, c.symmetry};
    quant.kv = {c.kv_bits, c.symmetry};
    round_to_nearest(cpu, quant, RotationChoice::shared(RotationMask(mask), network.plan.shape, 6),
                     network);
    return network;
  }

  Network<Cpu> floats, ints;
};

// What every quantizer of the last forward pass read, in that order.
struct Record {
  struct Input {
    std::size_t layer;
    Site site;
    std::vector<float> values;
  };
  std::vector<Input> inputs;
  void operator()(std::size_t layer, Site site, const Tensor<Cpu>& x) {
    if (layer == 0 && site == Site::kQkvInput) inputs.clear();
    inputs.push_back({layer, site, test::values(x)});
  }
};

std::vector<float> rounded(Cpu& cpu, const ForwardPlan& plan, const Record::Input& input) {
  const QuantizerSettings& quantizer = plan.quant.at(input.site);
  if (!quantizer.enabled()) return input.values;
  const std::int64_t group = group_size(plan.shape, input.site);
  Tensor<Cpu> x(cpu, std::ssize(input.values) / group, group);
  copy_to_device<float>(cpu, input.values, x);
  fake_quantize(cpu, quantizer, group, x);
  return test::values(x);
}

// Feeds `tokens` to a cache in pieces; the final hidden states of the last one and what its
// quantizers read.
template <class Cache>
std::pair<Record, std::vector<float>> feed(Cpu& cpu, const Network<Cpu>& network,
                                           const TokenSequence& tokens,
                                           const std::vector<std::int64_t>& pieces) {
  Cache cache(cpu, network.plan, 2, 32);
  Activations<Cpu> acts(network.plan.shape, Keep::kOneLayer);
  Record tap;
  std::int64_t done = 0;
  for (const std::int64_t piece : pieces) {
    ModelInput<Cpu> input;
    std::vector<std::int32_t> ids, positions;
    std::vector<std::int64_t> rows;
    for (std::int64_t t = done; t < done + piece; ++t) {
      ids.push_back(tokens[static_cast<std::size_t>(t)]);
      positions.push_back(static_cast<std::int32_t>(t));
      rows.push_back(32 + t);
    }
    done += piece;
    load_indices(cpu, ids, input.tokens);
    load_indices(cpu, positions, input.positions);
    input.spans = {{0, piece, 32, done}};  // the second of two sequences
    cache.set_destinations(rows);
    ForwardPass<Cpu, Cache, Record> pass{cpu, network, input, acts, cache, tap};
    transformer_forward(pass);
  }
  return {tap, test::values(acts.final_hidden)};
}

std::pair<Record, std::vector<float>> feed_ints(Cpu& cpu, const Network<Cpu>& network,
                                                const TokenSequence& tokens,
                                                const std::vector<std::int64_t>& pieces) {
  if (caches_codes(network.plan)) return feed<CodedKvCache<Cpu>>(cpu, network, tokens, pieces);
  return feed<KvCache<Cpu>>(cpu, network, tokens, pieces);
}

class IntEngine : public testing::TestWithParam<EngineCase> {
 protected:
  Cpu cpu{1};
  TokenSequence tokens{3, 17, 30, 5, 8, 39, 11, 26, 2, 14, 21, 33, 7};
};

// Integer sums are exact; those of floats are rounded at every step, by 2^-24 of at most 56 terms.
// Between the quantizers of a block nothing else differs.
constexpr double kRounding = 1e-5;

// The inputs of quantizers that agree to rounding, from the first one on, until one of their values
// lies so near to a border of two codes that it falls to the other side: from there on the two
// forward passes are of different codes. How many agree; all, in most passes.
std::size_t agreeing(Cpu& cpu, const ForwardPlan& plan, const Record& floats, const Record& ints) {
  EXPECT_EQ(floats.inputs.size(), ints.inputs.size());
  for (std::size_t n = 0; n < floats.inputs.size(); ++n) {
    const Record::Input &a = floats.inputs[n], &b = ints.inputs[n];
    EXPECT_LT(test::relative_difference(b.values, a.values), kRounding)
        << "layer " << a.layer << ", " << site_name(a.site);
    if (test::relative_difference(rounded(cpu, plan, b), rounded(cpu, plan, a)) > 1e-4) return n;
  }
  return floats.inputs.size();
}

TEST_P(IntEngine, EveryLayerIsThatOfFloats) {
  std::size_t agreed = 0, all = 0;
  for (const unsigned mask : {0u, 1u, 2u, 4u, 8u, 15u}) {
    const BothEngines model(cpu, GetParam(), mask);
    // Many queries at once, few at once, one by one.
    for (const std::vector<std::int64_t>& pieces :
         {std::vector<std::int64_t>{13}, {5}, {1}, {4, 1}}) {
      const auto [floats, hidden] = feed<KvCache<Cpu>>(cpu, model.floats, tokens, pieces);
      const auto [ints, coded] = feed_ints(cpu, model.ints, tokens, pieces);
      const std::size_t here = agreeing(cpu, model.ints.plan, floats, ints);
      agreed += here;
      all += ints.inputs.size();
      if (here == ints.inputs.size()) {
        EXPECT_LT(test::relative_difference(coded, hidden), kRounding) << mask;
      }
    }
  }
  EXPECT_GT(static_cast<double>(agreed), 0.9 * static_cast<double>(all));
}

// A tie of the two best tokens may be decided either way (a value on the border of two codes).
bool is_near_tie(Cpu& cpu, const Network<Cpu>& network, TokenSequence prompt,
                 const TokenSequence& a, const TokenSequence& b, std::size_t same) {
  prompt.insert(prompt.end(), a.begin(), a.begin() + static_cast<std::ptrdiff_t>(same));
  const Tensor<Cpu> logits = test::full_logits(cpu, network, prompt);
  const float* last = logits.data() + (logits.rows() - 1) * logits.cols();
  return std::abs(last[a[same]] - last[b[same]]) <
         0.05f * std::abs(*std::max_element(last, last + logits.cols()));
}

TEST_P(IntEngine, SaysTheTokensOfFloats) {
  std::size_t agreed = 0, all = 0;
  for (const unsigned mask : {0u, 2u, 4u, 8u, 15u}) {
    const BothEngines model(cpu, GetParam(), mask);
    const auto prompts = test::ragged_prompts(model.ints.plan.shape);
    const GenerationSettings settings{12, {}};
    const auto floats = generate_greedy<Cpu>(cpu, model.floats, prompts, settings, 5, {});
    const auto ints = generate_greedy<Cpu>(cpu, model.ints, prompts, settings, 5, {});
    for (std::size_t s = 0; s < prompts.size(); ++s) {
      const auto apart = std::ranges::mismatch(floats[s], ints[s]);
      const auto same = static_cast<std::size_t>(apart.in1 - floats[s].begin());
      agreed += same;
      all += floats[s].size();
      if (same < floats[s].size()) {
        EXPECT_TRUE(is_near_tie(cpu, model.floats, prompts[s], floats[s], ints[s], same))
            << "mask " << mask << ", sequence " << s << ", token " << same;
      }
    }
  }
  EXPECT_GT(static_cast<double>(agreed), 0.9 * static_cast<double>(all));
}

TEST_P(IntEngine, BatchesSayWhatSequencesSayAlone) {
  const BothEngines model(cpu, GetParam(), 15);
  const auto prompts = test::ragged_prompts(model.ints.plan.shape);
  const GenerationSettings settings{12, {}};
  const auto alone = generate_greedy<Cpu>(cpu, model.ints, prompts, settings, 1, {});
  for (const std::size_t batch : {2u, 5u})
    EXPECT_EQ(generate_greedy<Cpu>(cpu, model.ints, prompts, settings, batch, {}), alone);
}

TEST_P(IntEngine, GivesTheSameBitsForAnyThreads) {
  const BothEngines model(cpu, GetParam(), 15);
  const auto expected = feed_ints(cpu, model.ints, tokens, {9, 3, 1}).second;
  for (const int threads : {2, 3}) {
    Cpu more(threads);
    EXPECT_EQ(feed_ints(more, model.ints, tokens, {9, 3, 1}).second, expected);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Models, IntEngine,
    testing::Values(
        EngineCase{"llama", test::generating_shape, 4, 4, 4, Symmetry::kAsymmetric},
        EngineCase{"llama_a8", test::generating_shape, 4, 8, 4, Symmetry::kAsymmetric},
        EngineCase{"llama_8", test::generating_shape, 8, 8, 8, Symmetry::kAsymmetric},
        EngineCase{"llama_symmetric", test::generating_shape, 4, 8, 4, Symmetry::kSymmetric},
        EngineCase{"one_kv_head", one_kv_head_shape, 4, 4, 4, Symmetry::kAsymmetric},
        EngineCase{"neox", test::generating_neox_shape, 4, 4, 4, Symmetry::kAsymmetric},
        EngineCase{"neox_sequential", sequential_neox_shape, 4, 8, 4, Symmetry::kAsymmetric},
        EngineCase{"float_cache", test::generating_shape, 4, 4, 16, Symmetry::kAsymmetric}),
    [](const auto& c) { return std::string(c.param.name); });

Network<Cpu> story_network(Cpu& cpu, const std::filesystem::path& model) {
  Network<Cpu> network = load_network(cpu, model, NonFinite::kReject);
  fold_norms(cpu, network);
  return network;
}

Network<Cpu> story_network(Cpu& cpu, const std::filesystem::path& model,
                           const std::array<int, 3>& bits) {
  Network<Cpu> network = story_network(cpu, model);
  QuantConfig quant;
  quant.weight.bits = bits[0];
  quant.activation.bits = bits[1];
  quant.kv.bits = bits[2];
  const ModelShape& shape = network.plan.shape;
  round_to_nearest(cpu, quant, RotationChoice::shared(RotationMask(15), shape, 0), network);
  return network;
}

// The same for a model that speaks: 200 tokens of a story, with the quantizers of real use. What
// parts the engines is a value on a border between two codes, which falls to either side. That
// moves some values by a step, where quantizing moves all of them by up to half a step: the
// engines' logits are nearer to each other than to those of the model that nothing quantizes. The
// first words, `Once upon a time`, leave no doubt.
TEST(IntEngineStories, SaysTheTokensOfFloats) {
  const std::filesystem::path stories =
      std::filesystem::path(ROSTE_SHARED_DATA) / "models/stories260K-hf";
  if (!std::filesystem::exists(stories)) GTEST_SKIP() << "no stories260K-hf in the shared data";
  Cpu cpu(1);
  const Network<Cpu> exact = story_network(cpu, stories);
  for (const auto& bits : {std::array{4, 4, 4}, {4, 8, 4}, {8, 8, 8}}) {
    const Network<Cpu> floats = story_network(cpu, stories, bits);
    Network<Cpu> ints = story_network(cpu, stories, bits);
    multiply_packed_codes(cpu, ints);
    const std::vector<TokenSequence> prompts{{1}};  // the beginning of a text
    const GenerationSettings settings{200, {}};
    const auto said = generate_greedy<Cpu>(cpu, floats, prompts, settings, 1, {});
    const auto coded = generate_greedy<Cpu>(cpu, ints, prompts, settings, 1, {});
    const auto apart = std::ranges::mismatch(said[0], coded[0]);
    EXPECT_GE(apart.in1 - said[0].begin(), 4) << testing::PrintToString(bits);

    const auto of_floats = test::values(test::full_logits(cpu, floats, said[0]));
    const auto of_ints = test::values(test::full_logits(cpu, ints, said[0]));
    const auto of_exact = test::values(test::full_logits(cpu, exact, said[0]));
    EXPECT_LT(test::relative_difference(of_ints, of_floats),
              test::relative_difference(of_exact, of_floats))
        << testing::PrintToString(bits);
  }
}

// 13 tokens of 4 bits, not of 32: it is the codes that are kept.
TEST(CodedKvCacheSize, IsThatOfCodes) {
  Cpu cpu(1);
  const EngineCase c{"", test::generating_shape, 4, 4, 4, Symmetry::kAsymmetric};
  const BothEngines model(cpu, c, 0);
  const CodedKvCache<Cpu> cache(cpu, model.ints.plan, 2, 32);
  // 2 layers, k and v, 2 sequences, 32 tokens, 2 heads: 16 codes of 4 bits, a scale and a zero.
  EXPECT_EQ(cache.bytes(), 2u * 2 * 2 * 32 * 2 * (8 + 8));
}

}  // namespace
}  // namespace trainer
