// Streaming a model: its proof, its quantizers, its threads, and what it refuses.
#include <gtest/gtest.h>

#include "reference_trainer/ops/quant.h"
#include "reference_trainer/roste/merge_rotations.h"
#include "tests/stream/stream_cases.h"

namespace trainer::test {
namespace {

QuantConfig four_bits() {
  QuantConfig quant;
  quant.weight.bits = quant.activation.bits = quant.kv.bits = 4;
  return quant;
}

// A tiny checkpoint and room for what becomes of it.
struct Checkpoint {
  explicit Checkpoint(const ModelShape& shape, DType dtype) : network(tiny_network(cpu, shape, 3)) {
    write_checkpoint(home / "source", network, dtype);
  }
  TemporaryDirectory home;
  Cpu cpu{1};
  Network<Cpu> network;
};

// Logits of the probe sequence of a whole model in memory.
std::vector<float> whole_logits(const std::filesystem::path& directory) {
  Cpu cpu{1};
  Network<Cpu> network = load_network(cpu, directory, NonFinite::kReject);
  ModelInput<Cpu> input;
  load_batch(cpu, probe_batch(network.plan.shape), input);
  Activations<Cpu> acts(network.plan.shape, Keep::kOneLayer);
  transformer_forward(cpu, network, input, acts);
  Tensor<Cpu> logits;
  lm_head_forward(cpu, acts.final_hidden, network.parameters.lm_head(), logits);
  return values(logits);
}

double whole_difference(const Checkpoint& c) {
  LogitDifference difference;
  difference.add(whole_logits(c.home / "source"), whole_logits(c.home / "out"));
  return difference.relative();
}

// The largest and the difference are those of whole models, although the stream never has one. Its
// products are of other shapes, which may round otherwise: some 1e-6 of a logit.
TEST(ModelStream, ProbesAsWholeModelsDo) {
  for (const ModelShape& shape : {tiny_shape(), tiny_neox_shape()}) {
    const Checkpoint c(shape, DType::kBF16);
    const StreamReport report = stream({}, c.home / "source", c.home / "out");
    EXPECT_GT(report.turned.relative(), 0);
    EXPECT_LT(report.turned.relative(), 1e-5);
    EXPECT_GT(report.stored.relative(), 1e-3) << "bfloat16 cannot hold a turned model";
    EXPECT_NEAR(report.stored.relative(), whole_difference(c), 1e-5);
  }
}

TEST(ModelStream, QuantizedValuesAreThoseOfTheGridOfTheTurnedWeights) {
  const Checkpoint c(tiny_shape(), DType::kF32);
  StreamCase quantized_case{.form = WeightForm::kEffective};
  stream(quantized_case, c.home / "source", c.home / "turned");
  quantized_case.quant = four_bits();
  const StreamReport report = stream(quantized_case, c.home / "source", c.home / "out");
  const WeightFiles turned = WeightFiles::open(c.home / "turned"),
                    quantized = WeightFiles::open(c.home / "out");
  Cpu cpu{1};
  for (const std::string& name : turned.names()) {
    std::vector<float> expected = read_stored(turned, name, NonFinite::kReject);
    if (name.find("_proj.weight") != std::string::npos) {
      const TensorInfo& info = turned.info(name);
      Tensor<Cpu> w(cpu, info.shape[0], info.shape[1]);
      copy_to_device<float>(cpu, expected, w);
      fake_quantize(cpu, quantized_case.quant.weight, w.cols(), w);
      EXPECT_NE(test::values(w), expected) << name;
      expected = test::values(w);
    }
    EXPECT_EQ(read_stored(quantized, name, NonFinite::kReject), expected) << name;
  }
  EXPECT_LT(report.turned.relative(), 1e-5);
  EXPECT_GT(report.stored.relative(), 1e-2);
  EXPECT_NEAR(report.stored.relative(), whole_difference(c), 1e-5);
}

TEST(ModelStream, ThreadsAndBlocksChangeNoByte) {
  const Checkpoint c(tiny_neox_shape(), DType::kBF16);
  const auto bytes = [&](const StreamCase& stream_case) {
    const TemporaryDirectory out;
    stream(stream_case, c.home / "source", out.path());
    return testing::read_text(out / "model.safetensors");
  };
  const std::string one = bytes({.form = WeightForm::kEffective, .quant = four_bits()});
  for (const int threads : {2, 3}) {
    EXPECT_TRUE(one == bytes({.form = WeightForm::kEffective,
                              .quant = four_bits(),
                              .threads = threads,
                              .block_values = 1 << 20}));
  }
}

// 0 / 0 is no difference.
TEST(ModelStream, AModelOfZerosStaysOne) {
  for (const ModelShape& shape : {tiny_shape(), tiny_neox_shape()}) {
    Checkpoint c(shape, DType::kBF16);
    fill_zero(c.cpu, c.network.parameters);
    std::filesystem::remove_all(c.home / "source");
    write_checkpoint(c.home / "source", c.network, DType::kBF16);
    for (const QuantConfig& quant : {QuantConfig(), four_bits()}) {
      std::filesystem::remove_all(c.home / "out");
      const StreamReport report = stream({.form = WeightForm::kEffective, .quant = quant},
                                         c.home / "source", c.home / "out");
      EXPECT_EQ(report.turned.relative(), 0);
      EXPECT_EQ(report.stored.relative(), 0);
      EXPECT_EQ(report.rounding[0].rms_relative(), 0);
    }
  }
}

TEST(ModelStream, RoundingErrorsAreThoseOfTheType) {
  const Checkpoint c(tiny_shape(), DType::kF32);
  const StreamReport report = stream({.dtype = DType::kBF16}, c.home / "source", c.home / "out");
  for (const TensorKind kind :
       {TensorKind::kEmbedding, TensorKind::kHead, TensorKind::kLinearWeight, TensorKind::kBias}) {
    const RoundingError& e = report.rounding[static_cast<std::size_t>(kind)];
    EXPECT_LE(e.largest_relative, unit_roundoff(DType::kBF16));
    // Mantissas are spread evenly on a scale between even and logarithmic: the root of the mean
    // square is near u / sqrt(3) times something from 1/2 to 1.
    EXPECT_GT(e.rms_relative(), unit_roundoff(DType::kBF16) / 4);
    EXPECT_LT(e.rms_relative(), unit_roundoff(DType::kBF16) / 1.7);
  }
  EXPECT_EQ(report.rounding[static_cast<std::size_t>(TensorKind::kNormGain)].largest_relative, 0);
}

TEST(ModelStream, QN40_AValueBeyondFloat16) {
  Checkpoint c(tiny_shape(), DType::kF32);
  c.network.parameters.layers[1].bias[Linear::kUp].data()[4] = 70000;
  std::filesystem::remove_all(c.home / "source");
  write_checkpoint(c.home / "source", c.network, DType::kF32);
  testing::expect_error([&] { stream({.dtype = DType::kF16}, c.home / "source", c.home / "out"); },
                        "QN-40", ExitCode::kNumerics,
                        {"model.layers.1.mlp.up_proj.bias", "index 4", "F16", "bfloat16"});
}

TEST(ModelStream, ST24_ARowOfTheHeadThatIsNotFinite) {
  Checkpoint c(tiny_shape(), DType::kF32);
  c.network.parameters.embedding.data()[39 * 24 + 7] = NAN;
  std::filesystem::remove_all(c.home / "source");
  write_checkpoint(c.home / "source", c.network, DType::kF32);
  testing::expect_error([&] { stream({}, c.home / "source", c.home / "out"); }, "ST-24",
                        ExitCode::kBadInput, {"model.embed_tokens.weight", "index 943"});
}

TEST(LogitDifference, IsNeverNotANumber) {
  const auto relative = [](std::vector<float> before, std::vector<float> after) {
    LogitDifference difference;
    difference.add(before, after);
    return difference.relative();
  };
  EXPECT_EQ(relative({0, 0}, {0, 0}), 0);
  EXPECT_EQ(relative({0, -4}, {1, -4}), 0.25);
  EXPECT_EQ(relative({0, 0}, {0, 1}), HUGE_VAL);
  EXPECT_EQ(relative({1, NAN}, {1, 1}), HUGE_VAL);
  EXPECT_EQ(relative({NAN, 1}, {1, 1}), HUGE_VAL) << "a number behind it must not hide it";
}

}  // namespace
}  // namespace trainer::test
