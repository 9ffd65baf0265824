// What folding and merging write into the weights, tensor by tensor.
#include "reference_trainer/roste/merge_rotations.h"

#include <gtest/gtest.h>

#include "reference_trainer/roste/round_to_nearest.h"
#include "tests/model/tiny_model.h"

namespace trainer {
namespace {

constexpr std::uint64_t kSeed = 9;

struct Fixture {
  Cpu cpu{1};
  Network<Cpu> network = test::tiny_network(cpu, test::tiny_shape(), 1);
};

// R1 of the network as a matrix in double, [d, d].
std::vector<double> r1_matrix(const ModelShape& shape) {
  const std::int64_t d = shape.hidden_size;
  std::vector<double> h(static_cast<std::size_t>(d * d));
  for (std::int64_t i = 0; i < d; ++i) h[static_cast<std::size_t>(i * d + i)] = 1;
  roste::cpu::rotate_rows(make_rotation_matrices(shape, kSeed).r1,
                          roste::cpu::MatrixView<double>{h.data(), d, d, d});
  return h;
}

// The largest distance of `merged` from w R in units of the last place of the exact value.
double ulps_from_product(const std::vector<float>& w, const std::vector<double>& r,
                         const std::vector<float>& merged, std::size_t d) {
  double largest = 0;
  for (std::size_t i = 0; i < w.size(); ++i) {
    double exact = 0;
    for (std::size_t k = 0; k < d; ++k)
      exact += static_cast<double>(w[i - i % d + k]) * r[k * d + i % d];
    const double ulp = std::ldexp(1, std::ilogb(exact) - 23);
    largest = std::max(largest, std::abs(static_cast<double>(merged[i]) - exact) / ulp);
  }
  return largest;
}

// Double precision leaves one rounding to float, half a unit in the last place, unless products
// cancel: 2^-53 against 2^-24 hides 1e-3 of a unit even where 2^19 of the sum cancels.
TEST(MergeR1, EveryWeightIsTheExactProductRoundedOnce) {
  Fixture f;
  fold_norms(f.cpu, f.network);
  const ModelShape shape = f.network.plan.shape;
  const auto d = static_cast<std::size_t>(shape.hidden_size);
  const HostParameters before = get_parameters(f.cpu, f.network.parameters);
  merge_r1(f.cpu, make_rotation_matrices(shape, kSeed).r1, f.network.parameters);
  const HostParameters after = get_parameters(f.cpu, f.network.parameters);
  const std::vector<double> r = r1_matrix(shape);
  int compared = 0;
  const auto list = tensor_list(f.network.parameters);
  for (std::size_t t = 0; t < list.size(); ++t) {
    const bool reads_stream = list[t].is_matrix() && list[t].tensor->cols() == shape.hidden_size &&
                              list[t].name.find("o_proj") == std::string::npos;
    if (!reads_stream) continue;
    ++compared;
    EXPECT_LT(ulps_from_product(before[t], r, after[t], d), 0.501) << list[t].name;
  }
  EXPECT_EQ(compared, 2 + 2 * 5);  // embedding and head; q, k, v, gate, up of two layers
}

// g w in one rounding: the product of two floats is exact in double.
TEST(FoldNorms, EveryReaderOfANormAbsorbsItsGain) {
  Fixture f;
  const Parameters<Cpu>& p = f.network.parameters;
  const auto absorbed = [](const Tensor<Cpu>& w, const Tensor<Cpu>& gain) {
    std::vector<float> product = test::values(w);
    for (std::size_t i = 0; i < product.size(); ++i)
      product[i] *= gain.data()[static_cast<std::int64_t>(i) % gain.size()];
    return product;
  };
  const auto& layer = p.layers[1];
  const auto q = absorbed(layer.weight[Linear::kQ], layer.attention_norm),
             up = absorbed(layer.weight[Linear::kUp], layer.mlp_norm),
             head = absorbed(p.embedding, p.final_norm), embedding = test::values(p.embedding),
             o = test::values(layer.weight[Linear::kO]);
  fold_norms(f.cpu, f.network);
  EXPECT_EQ(test::values(layer.weight[Linear::kQ]), q);
  EXPECT_EQ(test::values(layer.weight[Linear::kUp]), up);
  EXPECT_EQ(test::values(p.head), head);
  EXPECT_EQ(test::values(p.embedding), embedding);
  EXPECT_EQ(test::values(layer.weight[Linear::kO]), o);
}

// What `quantize` stores is what the forward pass multiplied by, and stays so.
TEST(RoundToNearest, StoredWeightsAreTheEffectiveOnes) {
  Fixture f;
  QuantConfig quant;
  quant.weight.bits = 4;
  fold_norms(f.cpu, f.network);
  const HostParameters folded = get_parameters(f.cpu, f.network.parameters);
  Network<Cpu> applied = make_network(f.cpu, f.network.plan);
  set_parameters(f.cpu, folded, applied.parameters);
  const auto choice = RotationChoice::shared(RotationMask(15), f.network.plan.shape, kSeed);
  apply_plan(f.cpu, quant, choice, applied);
  round_to_nearest(f.cpu, quant, choice, f.network);
  EXPECT_EQ(f.network.plan.weight_form, WeightForm::kEffective);
  // As `quantize` saves them and a later command loads them.
  Network<Cpu> loaded = make_network(f.cpu, f.network.plan);
  set_parameters(f.cpu, get_parameters(f.cpu, f.network.parameters), loaded.parameters);
  update_effective_weights(f.cpu, loaded);
  for (std::size_t i = 0; i < 2; ++i) {
    for (const Linear l : kLinears) {
      EXPECT_EQ(test::values(loaded.weight(i, l)), test::values(applied.weight(i, l)));
      EXPECT_EQ(test::values(loaded.bias(i, l)), test::values(applied.bias(i, l)));
    }
  }
}

}  // namespace
}  // namespace trainer
