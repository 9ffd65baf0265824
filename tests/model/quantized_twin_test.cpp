// The quantized, rotated model against an independent twin (tests/oracle/make_quantized_golden.py):
// quantizers on the twin's inputs, layers on the twin's codes, then the whole model.
#include <cmath>

#include "reference_trainer/ops/elementwise.h"
#include "roste/cpu/quantize.h"
#include "tests/model/golden.h"

namespace trainer {
namespace {

struct Case {
  std::string file;
  QuantConfig quant;
  unsigned rotations;  // RotationMask bits of R2 ... R4
};
void PrintTo(const Case& c, std::ostream* out) { *out << c.file; }

QuantizerSettings quantizer(int bits, Symmetry symmetry, float clip) {
  return {bits, symmetry, Range::kZeroIncluded, clip};
}

std::vector<Case> cases() {
  const auto asym = [](int bits, float c) { return quantizer(bits, Symmetry::kAsymmetric, c); };
  const auto sym = [](int bits, float c) { return quantizer(bits, Symmetry::kSymmetric, c); };
  return {{"w4a4kv4_rotated", {asym(4, 1), asym(4, 1), asym(4, 1)}, 0b1110},
          {"w4a4kv4_clipped", {asym(4, 0.95f), asym(4, 0.95f), asym(4, 0.95f)}, 0b0000},
          {"w3a8kv4_symmetric", {sym(3, 0.9f), sym(8, 0.9f), sym(4, 0.9f)}, 0b1000}};
}

// Codes of x by the library, in the twin's convention: symmetric codes and zeros raised by 2^(bits
// - 1).
struct Codes {
  std::vector<std::uint8_t> codes;
  std::vector<float> scale;
  std::vector<std::int32_t> zero;
  bool operator==(const Codes&) const = default;
};

template <int Bits>
roste::Scheme scheme_of_bits(const QuantizerSettings& s, std::int64_t group) {
  using Groups = roste::PerGroup<roste::kDynamic>;
  if (s.symmetry == Symmetry::kSymmetric) {
    return roste::Quantizer<roste::QuantSpec<Bits, roste::Symmetric, Groups>>(group, s.clip);
  }
  return roste::Quantizer<roste::QuantSpec<Bits, roste::Asymmetric, Groups>>(group, s.clip);
}

roste::Scheme scheme_of(const QuantizerSettings& s, std::int64_t group) {
  return s.bits == 3   ? scheme_of_bits<3>(s, group)
         : s.bits == 4 ? scheme_of_bits<4>(s, group)
                       : scheme_of_bits<8>(s, group);
}

Codes library_codes(const QuantizerSettings& s, std::int64_t group, const Tensor<Cpu>& x) {
  const int raise = s.symmetry == Symmetry::kSymmetric ? 1 << (s.bits - 1) : 0;
  std::vector<std::int16_t> raw(static_cast<std::size_t>(x.size()));
  std::vector<roste::GroupParams> params(static_cast<std::size_t>(x.size() / group));
  roste::cpu::quantize(scheme_of(s, group),
                       roste::cpu::MatrixView<const float>(x.data(), x.rows(), x.cols()), params,
                       roste::cpu::MatrixView<std::int16_t>(raw.data(), x.rows(), x.cols()));
  Codes c;
  for (const std::int16_t q : raw) c.codes.push_back(static_cast<std::uint8_t>(q + raise));
  for (const roste::GroupParams& p : params) {
    c.scale.push_back(p.scale);
    c.zero.push_back(p.zero + raise);
  }
  return c;
}

Codes golden_codes(const test::Golden& golden, const std::string& prefix) {
  return {golden.bytes(prefix + ".codes"), golden.floats(prefix + ".scale"),
          golden.int32s(prefix + ".zero")};
}

// (codes - zero) * scale, what the twin's products used.
Tensor<Cpu> dequantized(Cpu& cpu, const test::Golden& golden, const std::string& prefix) {
  const Codes c = golden_codes(golden, prefix);
  Tensor<Cpu> x(cpu, golden.rows(prefix + ".codes"), golden.cols(prefix + ".codes"));
  const std::size_t group = c.codes.size() / c.scale.size();
  for (std::size_t i = 0; i < c.codes.size(); ++i) {
    x.data()[i] = static_cast<float>(c.codes[i] - c.zero[i / group]) * c.scale[i / group];
  }
  return x;
}

const char* short_name(Linear l) {
  static constexpr PerLinear<const char*> kNames{{"q", "k", "v", "o", "gate", "up", "down"}};
  return kNames[l];
}

Site input_site(Linear l) {
  return l == Linear::kO                          ? Site::kOInput
         : l == Linear::kDown                     ? Site::kDownInput
         : l == Linear::kGate || l == Linear::kUp ? Site::kGateUpInput
                                                  : Site::kQkvInput;
}

std::string site_prefix(std::size_t layer, Site site) {
  return "site." + std::to_string(layer) + "." + site_name(site);
}

class QuantizedTwin : public testing::TestWithParam<Case> {
 protected:
  QuantizedTwin()
      : golden(test::golden_directory() / ("quantized_" + GetParam().file + ".safetensors")) {}

  // The twin's model under the twin's rotations: R1 is merged into the stored weights.
  Network<Cpu> network() {
    const auto directory = test::golden_directory() / "quantized_model";
    Network<Cpu> n = load_network(cpu, directory, NonFinite::kReject);
    n.plan = make_plan(n.plan.shape, GetParam().quant,
                       RotationChoice::shared(RotationMask(), n.plan.shape, 0));
    const RotationMask mask(GetParam().rotations);
    for (std::size_t i = 0; i < n.plan.rotations.size(); ++i) {
      LayerRotations& r = n.plan.rotations[i];
      if (mask.r(2)) r.r2 = rotation(i, "r2");
      if (mask.r(3)) r.r3 = rotation(i, "r3");
      if (mask.r(4)) r.r4 = rotation(i, "r4");
    }
    update_effective_weights(cpu, n);
    return n;
  }

  roste::Rotation rotation(std::size_t layer, const std::string& which) {
    const std::string prefix = "rotation." + std::to_string(layer) + "." + which;
    return roste::Rotation::hadamard(golden.cols(prefix + ".matrix"),
                                     static_cast<std::uint64_t>(golden.int32s(prefix + ".seed")[0]),
                                     roste::Signs::kRandom);
  }

  Cpu cpu{1};
  test::Golden golden;
};

TEST_P(QuantizedTwin, RotationsAreTheTwinsMatrices) {
  for (const std::string which : {"r2", "r3", "r4"}) {
    const std::string name = std::string("rotation.0.") + which + ".matrix";
    if (!golden.contains(name)) continue;
    const std::int64_t d = golden.cols(name);
    Tensor<Cpu> identity(cpu, d, d);
    fill_zero(cpu, identity);
    for (std::int64_t i = 0; i < d; ++i) identity.data()[i * d + i] = 1;
    rotate(cpu, rotation(0, which), identity);
    // One entry is +-1/sqrt(d) on both sides: a rounding of 2^-24 relative each.
    EXPECT_LT(test::relative_difference(test::values(identity), golden.floats(name)), 0x1p-22)
        << which;
  }
}

TEST_P(QuantizedTwin, ActivationAndCacheCodesAreBitEqualOnTheTwinsInputs) {
  const ModelShape shape = network().plan.shape;
  for (std::size_t layer = 0; layer < 2; ++layer) {
    for (const Site site : kSites) {
      const std::string prefix = site_prefix(layer, site);
      const Tensor<Cpu> x = test::golden_tensor(cpu, golden, prefix + ".input");
      EXPECT_EQ(library_codes(GetParam().quant.at(site), group_size(shape, site), x),
                golden_codes(golden, prefix))
          << prefix;
      Tensor<Cpu> fake;
      copy(cpu, x, fake);
      fake_quantize(cpu, GetParam().quant.at(site), group_size(shape, site), fake);
      EXPECT_EQ(test::values(fake), test::values(dequantized(cpu, golden, prefix))) << prefix;
    }
  }
}

// Weights that are quantized as stored: the same bits. Rotated weights reach the quantizer by
// another order of additions, so their scale may differ by a few roundings (2^-24 each), their
// codes not at all.
TEST_P(QuantizedTwin, WeightCodesAreEqual) {
  Network<Cpu> n = network();
  for (std::size_t layer = 0; layer < 2; ++layer) {
    for (const Linear l : kLinears) {
      Tensor<Cpu> w;
      copy(cpu, n.parameters.layers[layer].weight[l], w);
      rotate_weight(cpu, n.plan.at(layer), l, w);
      const std::string prefix = "weight." + std::to_string(layer) + "." + short_name(l);
      const Codes ours = library_codes(GetParam().quant.weight, w.cols(), w),
                  twins = golden_codes(golden, prefix);
      EXPECT_EQ(ours.codes, twins.codes) << prefix;
      EXPECT_EQ(ours.zero, twins.zero) << prefix;
      if (is_rotated(n.plan.at(layer), l)) {
        EXPECT_LT(test::relative_difference(ours.scale, twins.scale), 8 * 0x1p-24) << prefix;
      } else {
        EXPECT_EQ(ours.scale, twins.scale) << prefix;
        EXPECT_EQ(test::values(n.weight(layer, l)), test::values(dequantized(cpu, golden, prefix)))
            << prefix;
      }
    }
  }
}

// The twin's codes as the layers read them.
CodedRows<Cpu> coded_rows(Cpu& cpu, const QuantizerSettings& settings, const test::Golden& golden,
                          const std::string& prefix) {
  const Codes c = golden_codes(golden, prefix);
  const int raise = settings.symmetry == Symmetry::kSymmetric ? 1 << (settings.bits - 1) : 0;
  CodedRows<Cpu> rows;
  rows.settings = settings;
  rows.codes.reshape(cpu, golden.rows(prefix + ".codes"), golden.cols(prefix + ".codes"));
  rows.params.reshape(cpu, 1, rows.codes.rows());
  for (std::size_t i = 0; i < c.codes.size(); ++i) {
    rows.codes.data()[i] = static_cast<std::uint8_t>(c.codes[i] - raise);
  }
  for (std::size_t i = 0; i < c.scale.size(); ++i) {
    rows.params.data()[i] = {c.scale[i], c.zero[i] - raise};
  }
  return rows;
}

// y = x_hat W_hat^T + b <= 1e-5, as a product of floats and as one of codes, and the
// straight-through gradients <= 1e-4, from the twin's codes.
TEST_P(QuantizedTwin, EachLinearLayerAgreesFromTheTwinsCodes) {
  Network<Cpu> n = network();
  Parameters<Cpu> gradients = allocate_parameters(cpu, n.plan.shape);
  fill_zero(cpu, gradients);
  int compared = 0;
  for (std::size_t layer = 0; layer < 2; ++layer) {
    for (const Linear l : kLinears) {
      const std::string prefix = "linear." + std::to_string(layer) + "." + short_name(l);
      if (!golden.contains(prefix + ".output")) continue;
      ++compared;
      const Tensor<Cpu> x = dequantized(cpu, golden, site_prefix(layer, input_site(l)));
      const Tensor<Cpu> dy = test::golden_tensor(cpu, golden, prefix + ".doutput");
      const CodedRows<Cpu> codes =
          coded_rows(cpu, GetParam().quant.activation, golden, site_prefix(layer, input_site(l)));
      const CodedRows<Cpu> none;
      Tensor<Cpu> y, dx;
      for (const CodedRows<Cpu>* read : {&none, &codes}) {
        linear_forward(cpu, n, layer, l, {x, *read}, y);
        EXPECT_LT(test::relative_difference(test::values(y), golden.floats(prefix + ".output")),
                  1e-5)
            << prefix << (read->empty() ? " of floats" : " of codes");
      }
      matmul_nn(cpu, dy, n.weight(layer, l), dx);
      EXPECT_LT(test::relative_difference(test::values(dx), golden.floats(prefix + ".dinput")),
                1e-4)
          << prefix;
      linear_backward_weight(cpu, l, x, dy, gradients.layers[layer]);
    }
  }
  EXPECT_GE(compared, 7);
  pull_back_gradients(cpu, n.plan, gradients);
  for (const auto& g : tensor_list(gradients)) {
    const bool layer_compared =
        g.name.starts_with("model.layers.1.") || golden.contains("linear.0.q.output");
    if (!g.name.starts_with("model.layers.") || g.kind == TensorKind::kNormGain || !layer_compared)
      continue;
    EXPECT_LT(test::relative_difference(test::values(*g.tensor), golden.floats("grad." + g.name)),
              1e-4)
        << g.name;
  }
}

// Counts codes that differ from the twin's when the whole model runs by itself.
class CodeCounter {
 public:
  CodeCounter(const Case& c, const ModelShape& shape, const test::Golden& golden)
      : case_(c), shape_(shape), golden_(golden) {}
  void operator()(std::size_t layer, Site site, const Tensor<Cpu>& x) {
    const Codes ours = library_codes(case_.quant.at(site), group_size(shape_, site), x);
    const Codes theirs = golden_codes(golden_, site_prefix(layer, site));
    for (std::size_t i = 0; i < ours.codes.size(); ++i) flipped += ours.codes[i] != theirs.codes[i];
    compared += ours.codes.size();
  }
  std::size_t flipped = 0, compared = 0;

 private:
  const Case& case_;
  const ModelShape& shape_;
  const test::Golden& golden_;
};

// The golden inputs were chosen away from rounding ties (by 11 to 112 times the float32 error), so
// no code may flip end to end; then logits agree to 1e-5 and gradients to 1e-4 like the plain
// model's.
TEST_P(QuantizedTwin, EndToEnd) {
  Network<Cpu> n = network();
  test::GoldenInput in(cpu, golden);
  CodeCounter counter(GetParam(), n.plan.shape, golden);
  test::GoldenRun run(cpu, n, in, counter);
  const double loss_difference = run.loss - static_cast<double>(golden.floats("loss")[0]);
  std::printf("flipped codes: %zu of %zu; loss difference %.2e\n", counter.flipped,
              counter.compared, loss_difference);
  EXPECT_EQ(counter.flipped, 0u);
  EXPECT_LT(std::abs(loss_difference), 1e-5 * run.loss);
  EXPECT_LT(test::relative_difference(run.logits, golden.floats("logits")), 1e-5);
  for (const auto& g : tensor_list(run.gradients)) {
    if (g.kind == TensorKind::kNormGain) continue;  // folded: not trained
    EXPECT_LT(test::relative_difference(test::values(*g.tensor), golden.floats("grad." + g.name)),
              1e-4)
        << g.name;
  }
}

INSTANTIATE_TEST_SUITE_P(Cases, QuantizedTwin, testing::ValuesIn(cases()),
                         [](const auto& c) { return c.param.file; });

}  // namespace
}  // namespace trainer
