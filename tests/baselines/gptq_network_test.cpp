// GPTQ on a tiny network: every Hessian is that of the finished network, and the network computes
// more nearly what the full-precision one does.
#include <gtest/gtest.h>

#include <iostream>
#include <map>

#include "reference_trainer/base/error.h"
#include "reference_trainer/baselines/gptq.h"
#include "reference_trainer/roste/calibrate.h"
#include "tests/baselines/gptq_cases.h"
#include "tests/model/tiny_model.h"

namespace trainer {
namespace {

constexpr std::uint64_t kSeed = 9;

QuantConfig bits(int weight, int activation, int kv) {
  QuantConfig quant;
  quant.weight.bits = weight;
  quant.activation.bits = activation;
  quant.kv.bits = kv;
  return quant;
}

// 24 samples are two batches.
struct Fixture {
  Cpu cpu;
  ModelShape shape = test::tiny_shape();
  std::vector<SftSample> samples = test::tiny_samples(shape, 24, 11);

  explicit Fixture(int threads = 1) : cpu(threads) {}

  Network<Cpu> folded() {
    Network<Cpu> network = test::tiny_network(cpu, shape, 2);
    fold_norms(cpu, network);
    return network;
  }
  RotationChoice choice(unsigned mask) const {
    return RotationChoice::shared(RotationMask(mask), shape, kSeed);
  }
  // Rotated and otherwise untouched.
  Network<Cpu> full_precision(unsigned mask) {
    Network<Cpu> network = folded();
    apply_plan(cpu, {}, choice(mask), network);
    return network;
  }
  Network<Cpu> rounded(unsigned mask, const QuantConfig& quant) {
    Network<Cpu> network = folded();
    round_to_nearest(cpu, quant, choice(mask), network);
    return network;
  }
  GptqReport quantize(unsigned mask, const QuantConfig& quant, const GptqSettings& settings,
                      Network<Cpu>& network) {
    network = folded();
    return gptq<Cpu>(cpu, settings, quant, choice(mask), samples, network);
  }
};

// All inputs of the linear layers, as they are multiplied.
class Inputs {
 public:
  Inputs(Cpu& cpu, const ForwardPlan& plan) : cpu_(cpu), plan_(plan) {}
  void operator()(std::size_t layer, Site site, const Tensor<Cpu>& x) {
    Tensor<Cpu> q;
    copy(cpu_, x, q);
    fake_quantize(cpu_, plan_.quant.at(site), group_size(plan_.shape, site), q);
    std::vector<float>& all = values[{layer, site}];
    all.insert(all.end(), q.data(), q.data() + q.size());
  }
  std::map<std::pair<std::size_t, Site>, std::vector<float>> values;  // [tokens, in]

 private:
  Cpu& cpu_;
  const ForwardPlan& plan_;
};

// The most by which float32 sums of a batch of at most 256 tokens may change tr(D H D^T): every
// element of H by 256 units of 2^-24 of sqrt(H_ii H_jj).
double float_bound(const std::vector<float>& w, const std::vector<float>& q, const Hessian& h) {
  const auto n = static_cast<std::size_t>(h.size);
  double bound = 0;
  for (std::size_t row = 0; row < w.size(); row += n) {
    double sum = 0;
    for (std::size_t i = 0; i < n; ++i)
      sum += std::abs(static_cast<double>(w[row + i]) - static_cast<double>(q[row + i])) *
             std::sqrt(h.values[i * (n + 1)]);
    bound += sum * sum;
  }
  return 256 * 0x1p-24 * bound;
}

class GptqNetwork : public testing::TestWithParam<std::tuple<unsigned, HessianInputs>> {};

// What a layer reads depends on the layers before it alone. So in the right order every Hessian,
// and with it every error that is reported, is the one that the finished network shows: of inputs
// behind quantized weights, quantized themselves or, for kUnquantized, not.
TEST_P(GptqNetwork, HessiansAreThoseOfTheFinishedNetwork) {
  const auto [mask, inputs] = GetParam();
  Fixture f;
  GptqSettings settings;
  settings.inputs = inputs;
  Network<Cpu> network;
  const GptqReport report = f.quantize(mask, bits(3, 4, 4), settings, network);
  const Network<Cpu> original = f.full_precision(mask);
  if (inputs == HessianInputs::kUnquantized) network.plan.quant = {};
  Inputs seen(f.cpu, network.plan);
  run_samples(f.cpu, network, std::span<const SftSample>(f.samples), 16, seen);
  ASSERT_EQ(report.linears.size(), 14u);
  for (const GptqLinearReport& linear : report.linears) {
    SCOPED_TRACE(std::to_string(linear.layer) + " " + linear_name(linear.linear));
    const std::vector<float> w = test::values(original.weight(linear.layer, linear.linear));
    const std::vector<float> q = test::values(network.weight(linear.layer, linear.linear));
    const Hessian h = test::naive_hessian(seen.values.at({linear.layer, input_site(linear.linear)}),
                                          original.weight(linear.layer, linear.linear).cols());
    EXPECT_NEAR(linear.gptq_error, test::naive_error(w, q, h), float_bound(w, q, h));
  }
}

INSTANTIATE_TEST_SUITE_P(
    Masks, GptqNetwork,
    testing::Combine(testing::Values(0u, 10u, 15u),
                     testing::Values(HessianInputs::kAsMultiplied, HessianInputs::kUnquantized)),
    [](const auto& p) {
      return RotationMask(std::get<0>(p.param)).text() +
             (std::get<1>(p.param) == HessianInputs::kUnquantized ? "Unquantized" : "AsMultiplied");
    });

// Exceptions of single layers are printed; the sum over layers must be less.
TEST(GptqModel, ErrorsAreBelowThoseOfRoundingToNearest) {
  for (const unsigned mask : {0u, 15u}) {
    for (const QuantConfig& quant : {bits(3, 16, 16), bits(4, 4, 4)}) {
      Fixture f;
      Network<Cpu> network;
      double gptq_sum = 0, rtn_sum = 0;
      for (const GptqLinearReport& linear : f.quantize(mask, quant, {}, network).linears) {
        gptq_sum += linear.gptq_error;
        rtn_sum += linear.rtn_error;
        if (linear.gptq_error <= linear.rtn_error) continue;
        std::cout << "exception: layer " << linear.layer << " " << linear_name(linear.linear)
                  << ", rotations " << RotationMask(mask).text() << ": " << linear.gptq_error
                  << " > " << linear.rtn_error << "\n";
      }
      EXPECT_LT(gptq_sum, 0.8 * rtn_sum) << RotationMask(mask).text();
    }
  }
}

std::vector<float> logits(Cpu& cpu, const Network<Cpu>& network,
                          const std::vector<SftSample>& samples) {
  std::vector<const SftSample*> rows;
  for (const SftSample& sample : samples) rows.push_back(&sample);
  ModelInput<Cpu> input;
  load_batch(cpu, make_batch(rows), input);
  Activations<Cpu> acts(network.plan.shape, Keep::kOneLayer);
  transformer_forward(cpu, network, input, acts);
  Tensor<Cpu> out;
  lm_head_forward(cpu, acts.final_hidden, network.parameters.lm_head(), out);
  return test::values(out);
}

double squared_distance(const std::vector<float>& a, const std::vector<float>& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double d = static_cast<double>(a[i]) - static_cast<double>(b[i]);
    sum += d * d;
  }
  return sum;
}

void expect_nearer_than_rounding(const ModelShape& shape) {
  for (const unsigned mask : {0u, 15u}) {
    Fixture f;
    f.shape = shape;
    const QuantConfig quant = bits(3, 8, 8);
    Network<Cpu> network;
    f.quantize(mask, quant, {}, network);
    const std::vector<float> exact = logits(f.cpu, f.full_precision(mask), f.samples);
    const double rtn = squared_distance(logits(f.cpu, f.rounded(mask, quant), f.samples), exact);
    const double ours = squared_distance(logits(f.cpu, network, f.samples), exact);
    EXPECT_LT(ours, 0.8 * rtn) << RotationMask(mask).text();
  }
}

TEST(GptqModel, LogitsAreNearerToFullPrecisionThanThoseOfRounding) {
  expect_nearer_than_rounding(test::tiny_shape());
  expect_nearer_than_rounding(test::tiny_neox_shape());
}

// As round_to_nearest leaves it: plan, form, rotated bias of V, and weights on the very same grid.
TEST(GptqModel, StoresWhatRoundingToNearestStores) {
  Fixture f;
  const QuantConfig quant = bits(4, 4, 4);
  GptqSettings settings;
  settings.damping = 1e12;  // rounds to nearest
  Network<Cpu> network;
  f.quantize(15, quant, settings, network);
  const Network<Cpu> expected = f.rounded(15, quant);
  EXPECT_EQ(network.plan.weight_form, WeightForm::kEffective);
  EXPECT_EQ(network.plan.quant.weight.bits, 4);
  EXPECT_EQ(network.plan.quant.activation.bits, 4);
  EXPECT_EQ(network.plan.norm_gains, NormGains::kFolded);
  for (std::size_t i = 0; i < 2; ++i) {
    for (const Linear l : kLinears) {
      EXPECT_TRUE(network.effective[i].weight[l].empty());
      EXPECT_EQ(test::values(network.weight(i, l)), test::values(expected.weight(i, l)));
      EXPECT_EQ(test::values(network.bias(i, l)), test::values(expected.bias(i, l)));
    }
  }
  EXPECT_EQ(logits(f.cpu, network, f.samples), logits(f.cpu, expected, f.samples));
}

TEST(GptqModel, SameBitsForAnyThreads) {
  std::vector<std::vector<float>> results;
  for (const int threads : {1, 2, 3}) {
    Fixture f(threads);
    Network<Cpu> network;
    const GptqReport report = f.quantize(15, bits(3, 4, 4), {}, network);
    results.push_back(logits(f.cpu, network, f.samples));
    for (const GptqLinearReport& linear : report.linears)
      results.back().push_back(static_cast<float>(linear.gptq_error));
  }
  EXPECT_EQ(results[1], results[0]);
  EXPECT_EQ(results[2], results[0]);
}

TEST(GptqModel, UnquantizedWeightsStayAsTheyAre) {
  Fixture f;
  Network<Cpu> network;
  EXPECT_TRUE(f.quantize(15, bits(16, 4, 4), {}, network).linears.empty());
  const Network<Cpu> expected = f.rounded(15, bits(16, 4, 4));
  EXPECT_EQ(logits(f.cpu, network, f.samples), logits(f.cpu, expected, f.samples));
}

TEST(GptqModel, QN31_NoCalibrationSample) {
  Fixture f;
  f.samples.clear();
  Network<Cpu> network;
  try {
    f.quantize(0, bits(4, 4, 4), {}, network);
    ADD_FAILURE() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.parts().code, "QN-31");
  }
}

}  // namespace
}  // namespace trainer
