// Models whose weights are codes in files: what is written, what is read, what is refused.
#include "reference_trainer/model/coded_files.h"

#include <gtest/gtest.h>

#include "reference_trainer/model/model_files.h"
#include "reference_trainer/ops/quant_scheme.h"
#include "reference_trainer/roste/round_to_nearest.h"
#include "tests/io/files.h"
#include "tests/model/rotated_networks.h"

namespace trainer {
namespace {

using test::four_bits;
using test::logits;
using testing::expect_error;
using testing::TemporaryDirectory;

Network<Cpu> folded(Cpu& cpu, const ModelShape& shape) {
  Network<Cpu> network = test::tiny_network(cpu, shape, 1);
  fold_norms(cpu, network);
  update_effective_weights(cpu, network);
  return network;
}

RotationChoice everywhere(const ModelShape& shape) {
  return RotationChoice::shared(RotationMask(15), shape, 6);
}

// Saves the effective weights of a network as codes or as values; it is no longer of use then.
void save(Cpu& cpu, Network<Cpu>& network, WeightForm form, const std::filesystem::path& to) {
  network.plan.weight_form = form;
  save_network(cpu, network, {network.plan.shape, to_json(network.plan), {}}, to);
}

Network<Cpu> load(Cpu& cpu, const std::filesystem::path& from, Engine engine) {
  return load_network(cpu, from, NonFinite::kReject, engine);
}

// Writes one quantized model both ways.
struct BothWays {
  explicit BothWays(const QuantConfig& quant, const ModelShape& shape = test::tiny_shape()) {
    Network<Cpu> network = folded(cpu, shape);
    round_to_nearest(cpu, quant, everywhere(network.plan.shape), network);
    packed = network.packed;
    save(cpu, network, WeightForm::kEffective, directory / "values");
    save(cpu, network, WeightForm::kCodes, directory / "codes");
  }

  Cpu cpu{1};
  TemporaryDirectory directory;
  PackedWeights packed;
};

QuantConfig quantizer(int bits, Symmetry symmetry, Range range) {
  QuantConfig quant = four_bits();
  quant.weight = {bits, symmetry, range, 0.95f};
  return quant;
}

void expect_same_values(Network<Cpu>& a, Network<Cpu>& b) {
  const auto left = tensor_list(a.parameters), right = tensor_list(b.parameters);
  ASSERT_EQ(left.size(), right.size());
  for (std::size_t t = 0; t < left.size(); ++t)
    EXPECT_EQ(test::values(*left[t].tensor), test::values(*right[t].tensor)) << left[t].name;
}

// Codes are a third way to write the same floats, to the bit.
TEST(CodedFiles, AreTheValuesForEveryQuantizer) {
  for (int bits = 2; bits <= 8; ++bits) {
    for (const QuantConfig& quant : {quantizer(bits, Symmetry::kSymmetric, Range::kZeroIncluded),
                                     quantizer(bits, Symmetry::kAsymmetric, Range::kZeroIncluded),
                                     quantizer(bits, Symmetry::kAsymmetric, Range::kTight),
                                     quantizer(bits, Symmetry::kAsymmetric, Range::kPaperEq4)}) {
      BothWays model(quant);
      Network<Cpu> codes = load(model.cpu, model.directory / "codes", Engine::kFloat);
      Network<Cpu> values = load(model.cpu, model.directory / "values", Engine::kFloat);
      EXPECT_EQ(codes.plan.weight_form, WeightForm::kEffective);
      expect_same_values(codes, values);
      EXPECT_EQ(logits(model.cpu, codes), logits(model.cpu, values));
    }
  }
}

TEST(CodedFiles, ComeBackBitByBitForEveryArchitecture) {
  ModelShape tied_to_nothing = test::tiny_shape();
  tied_to_nothing.tied_embeddings = false;
  for (const ModelShape& shape : {test::tiny_shape(), tied_to_nothing, test::tiny_neox_shape()}) {
    BothWays model(four_bits(), shape);
    const WeightFiles files = WeightFiles::open(model.directory / "codes");
    const ModelShape stored = read_model_shape(model.directory / "codes");
    for (std::size_t i = 0; i < model.packed.size(); ++i) {
      for (const Linear l : linears_of(stored)) {
        const PackedWeight back = read_coded_tensors(files, linear_path(i, l), four_bits().weight,
                                                     linear_shape(stored, l));
        const PackedWeight& sent = model.packed[i][l];
        EXPECT_EQ(back.codes, sent.codes);
        for (std::size_t r = 0; r < sent.params.size(); ++r) {
          EXPECT_EQ(back.params[r].scale, sent.params[r].scale);
          EXPECT_EQ(back.params[r].zero, sent.params[r].zero);
        }
      }
    }
  }
}

// The format to the byte, by hand: codes of rows from byte borders on, low half first.
TEST(CodedFiles, HoldWhatTheDocumentSays) {
  const std::vector<float> w = {0, 15, 3, 1.5f, 0, -15};  // [2, 3]; scales 1 and 1.1
  const QuantizerSettings settings{4, Symmetry::kAsymmetric, Range::kZeroIncluded, 1.0f};
  const PackedWeight packed = pack_weight(settings, {w.data(), 2, 3});
  CodedTensors tensors;
  tensors.append("a", packed);
  ASSERT_EQ(tensors.views().size(), 3u);
  const auto& [codes, scale, zero] =
      std::tie(tensors.views()[0], tensors.views()[1], tensors.views()[2]);
  EXPECT_EQ(codes.name, "a.weight_codes");
  EXPECT_EQ(scale.name, "a.weight_scale");
  EXPECT_EQ(zero.name, "a.weight_zero");
  EXPECT_EQ(codes.dtype, DType::kU8);
  EXPECT_EQ(zero.dtype, DType::kI32);
  EXPECT_EQ(codes.shape, (std::vector<std::int64_t>{2, 2}));
  EXPECT_EQ(codes.bytes[0], std::byte{0xf0});  // 0, then 15
  EXPECT_EQ(codes.bytes[1], std::byte{0x03});  // 3, then zeros
  EXPECT_EQ(reinterpret_cast<const float*>(scale.bytes.data())[0], 1.0f);
  EXPECT_EQ(reinterpret_cast<const std::int32_t*>(zero.bytes.data())[0], 0);
  EXPECT_EQ(reinterpret_cast<const std::int32_t*>(zero.bytes.data())[1], 14);
}

// Training multiplies codes; so does the finished model, the same ones, in every place of R2 and
// R4.
TEST(CodedFiles, AreTheCodesOfTheTrainingForward) {
  for (const WeightForm form : {WeightForm::kMaster, WeightForm::kMerged}) {
    for (const Symmetry symmetry : {Symmetry::kAsymmetric, Symmetry::kSymmetric}) {
      Cpu cpu(1);
      TemporaryDirectory directory;
      QuantConfig quant = four_bits();
      quant.weight.symmetry = quant.activation.symmetry = symmetry;
      Network<Cpu> network = test::rotated_network(cpu, quant, test::choice("1111", "1010"), form);
      const std::vector<float> trained = logits(cpu, network);
      finish_training(cpu, network);
      save(cpu, network, WeightForm::kCodes, directory / "m");
      const Network<Cpu> coded = load(cpu, directory / "m", Engine::kInt);
      EXPECT_EQ(coded.plan.weight_form, WeightForm::kCodes);
      EXPECT_TRUE(coded.parameters.layers[0].weight[Linear::kQ].empty());
      EXPECT_EQ(logits(cpu, coded), trained);
    }
  }
}

TEST(CodedFiles, IntegersAndFloatsAgree) {
  for (const ModelShape& shape : {test::tiny_shape(), test::tiny_neox_shape()}) {
    for (const int activation_bits : {4, 8}) {
      QuantConfig quant = four_bits();
      quant.activation.bits = activation_bits;
      BothWays model(quant, shape);
      const Network<Cpu> ints = load(model.cpu, model.directory / "codes", Engine::kAuto);
      const Network<Cpu> floats = load(model.cpu, model.directory / "codes", Engine::kFloat);
      EXPECT_EQ(ints.plan.weight_form, WeightForm::kCodes);
      EXPECT_EQ(floats.plan.weight_form, WeightForm::kEffective);
      // Sums of floats, each rounded by 2^-24: far below one step of any quantizer.
      EXPECT_LT(test::relative_difference(logits(model.cpu, ints), logits(model.cpu, floats)),
                1e-5);
    }
  }
}

TEST(CodedFiles, EngineIsRefusedWhereNothingCanBeMultiplied) {
  BothWays model(four_bits());
  const auto ints = [&](const char* which) {
    load(model.cpu, model.directory / which, Engine::kInt);
  };
  EXPECT_NO_THROW(ints("codes"));
  expect_error([&] { ints("values"); }, "QN-32", ExitCode::kBadInput, {"without codes"});

  BothWays tight(quantizer(4, Symmetry::kAsymmetric, Range::kTight));
  expect_error([&] { load(tight.cpu, tight.directory / "codes", Engine::kInt); }, "QN-32",
               ExitCode::kBadInput, {"not multiplied"});
  EXPECT_EQ(load(tight.cpu, tight.directory / "codes", Engine::kAuto).plan.weight_form,
            WeightForm::kEffective);

  QuantConfig weights_only = four_bits();
  weights_only.activation.bits = 16;
  BothWays a16(weights_only);
  expect_error([&] { load(a16.cpu, a16.directory / "codes", Engine::kInt); }, "QN-32",
               ExitCode::kBadInput, {"activations of 16 bits"});
}

// Changes one tensor of a model of codes and writes it again.
class Damaged {
 public:
  Damaged() : packed_(model_.packed) {}

  PackedWeight& weight() { return packed_[1][Linear::kDown]; }

  void expect_refused(const std::vector<std::string>& mentions) {
    Network<Cpu> network = load(model_.cpu, model_.directory / "codes", Engine::kFloat);
    network.packed = packed_;
    save(model_.cpu, network, WeightForm::kCodes, model_.directory / "damaged");
    expect_error([&] { load(model_.cpu, model_.directory / "damaged", Engine::kAuto); }, "ST-26",
                 ExitCode::kBadInput, mentions);
  }

 private:
  // 3 bits: 56 inputs fill 21 bytes, so only d = 24 of other layers does too; none has pad bits
  // but in a shape of odd sides, below.
  BothWays model_{quantizer(3, Symmetry::kAsymmetric, Range::kZeroIncluded), odd_shape()};
  PackedWeights packed_;

  static ModelShape odd_shape() {
    ModelShape shape = test::tiny_shape();
    shape.intermediate_size = 52;  // 156 bits: half a byte is left
    return shape;
  }
};

TEST(CodedFiles, DamagedScalesAreRefused) {
  for (const float scale : {0.0f, -1.0f, HUGE_VALF, std::nanf("")}) {
    Damaged d;
    d.weight().params[5].scale = scale;
    d.expect_refused({"model.layers.1.mlp.down_proj.weight_scale", "row 5", "above 0"});
  }
}

TEST(CodedFiles, ZeroPointsOutsideAreRefused) {
  for (const int zero : {-1, 8}) {
    Damaged d;
    d.weight().params[2].zero = zero;
    d.expect_refused({"model.layers.1.mlp.down_proj.weight_zero", "row 2", "0 to 7"});
  }
}

TEST(CodedFiles, BitsBehindTheLastCodeAreRefused) {
  Damaged d;
  d.weight().codes[2 * d.weight().row_bytes() - 1] |= 0x80;
  d.expect_refused({"model.layers.1.mlp.down_proj.weight_codes", "row 1", "zeros"});
}

TEST(CodedFiles, TensorsOfAnotherShapeAreRefused) {
  BothWays model(four_bits());
  const auto roste = model.directory / "codes/roste.json";
  std::string text = testing::read_text(roste);
  nlohmann::json json = nlohmann::json::parse(text);
  json["quantization"]["weight"]["bits"] = 8;
  testing::write_text(roste, json.dump());
  expect_error([&] { load(model.cpu, model.directory / "codes", Engine::kAuto); }, "ST-23",
               ExitCode::kBadInput, {"weight_codes", "expected U8"});
  json["quantization"]["weight"]["bits"] = 16;
  testing::write_text(roste, json.dump());
  expect_error([&] { load(model.cpu, model.directory / "codes", Engine::kAuto); }, "RJ-01",
               ExitCode::kBadInput, {"quantization/weight/bits"});
}

}  // namespace
}  // namespace trainer
