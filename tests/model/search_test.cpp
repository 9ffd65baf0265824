// The search of eq. (9): its decomposed errors against models that are really rotated.
#include <gtest/gtest.h>

#include "reference_trainer/roste/calibrate.h"
#include "reference_trainer/roste/merge_rotations.h"
#include "tests/model/tiny_model.h"

namespace trainer {
namespace {

QuantConfig bits(int weight, int activation, int kv) {
  QuantConfig quant;
  quant.weight.bits = weight;
  quant.activation.bits = activation;
  quant.kv.bits = kv;
  return quant;
}

// Adds the errors of every site as the rotated model presents it.
class SitesAsTheyAre {
 public:
  SitesAsTheyAre(Cpu& cpu, const ModelShape& shape, const QuantConfig& quant)
      : cpu_(cpu), shape_(shape), quant_(quant) {}
  void operator()(std::size_t, Site site, const Tensor<Cpu>& x) {
    sum_ += readers(shape_, site) *
            quantization_error(cpu_, quant_.at(site), group_size(shape_, site), x).squared_error;
  }
  double sum() const { return sum_; }

 private:
  Cpu& cpu_;
  const ModelShape& shape_;
  const QuantConfig& quant_;
  double sum_ = 0;
};

// Eq. (12) measured on a network that was merged and rotated for good.
double remeasured(Cpu& cpu, const Network<Cpu>& network, const QuantConfig& quant,
                  const std::vector<SftSample>& samples) {
  SitesAsTheyAre sites(cpu, network.plan.shape, quant);
  run_samples(cpu, network, samples, 4, sites);
  double sum = sites.sum() / static_cast<double>(samples.size());
  for (std::size_t i = 0; i < network.effective.size(); ++i) {
    for (const Linear l : linears_of(network.plan.shape)) {
      const Tensor<Cpu>& w = network.weight(i, l);
      sum += quantization_error(cpu, quant.weight, w.cols(), w).squared_error;
    }
  }
  return sum;
}

struct Fixture {
  Cpu cpu{1};
  Network<Cpu> network = test::tiny_network(cpu, test::tiny_shape(), 2);
  std::vector<SftSample> samples = test::tiny_samples(network.plan.shape, 6, 11);
  Fixture() {
    fold_norms(cpu, network);
    update_effective_weights(cpu, network);
  }
};

TEST(SharedSearch, AllSixteenConfigurationsAgreeWithReallyMergedModels) {
  Fixture f;
  const QuantConfig quant = bits(4, 4, 4);
  const ErrorTable table = measure_errors<Cpu>(f.cpu, f.network, quant, 7, f.samples);
  const SharedSearch search = search_shared(table);
  const HostParameters folded = get_parameters(f.cpu, f.network.parameters);
  double smallest = HUGE_VAL;
  RotationMask best;
  for (unsigned mask = 0; mask < 16; ++mask) {
    Network<Cpu> merged = make_network(f.cpu, f.network.plan);
    set_parameters(f.cpu, folded, merged.parameters);
    apply_plan(f.cpu, {}, RotationChoice::shared(RotationMask(mask), merged.plan.shape, 7), merged);
    const double measured = remeasured(f.cpu, merged, quant, f.samples);
    // The objective is continuous in the tensors except where a zero point's rounding ties, and the
    // two ways differ by float32 rounding of the activations (about 1e-6 of them).
    EXPECT_NEAR(measured, search.objectives[mask], 1e-4 * measured) << RotationMask(mask).text();
    if (measured < smallest) {
      smallest = measured;
      best = RotationMask(mask);
    }
  }
  EXPECT_EQ(search.best.text(), best.text());
}

TEST(SharedSearch, ObjectivesOfTheConfigurationsDiffer) {
  Fixture f;
  const SharedSearch search =
      search_shared(measure_errors<Cpu>(f.cpu, f.network, bits(4, 4, 4), 7, f.samples));
  for (unsigned a = 0; a < 16; ++a) {
    for (unsigned b = 0; b < a; ++b)
      EXPECT_NE(search.objectives[a], search.objectives[b]) << a << " " << b;
  }
}

// With the cache unquantized R3 changes nothing: a tie, which goes to no rotation.
TEST(SharedSearch, TiesGoToNoRotation) {
  Fixture f;
  const SharedSearch search =
      search_shared(measure_errors<Cpu>(f.cpu, f.network, bits(4, 4, 16), 7, f.samples));
  EXPECT_FALSE(search.best.r(3));
  EXPECT_EQ(search.objectives[search.best.bits()], search.objectives[search.best.bits() | 4u]);
}

TEST(SharedSearch, NothingQuantizedChoosesNoRotation) {
  Fixture f;
  const SharedSearch search =
      search_shared(measure_errors<Cpu>(f.cpu, f.network, bits(16, 16, 16), 7, f.samples));
  EXPECT_EQ(search.best.text(), "0000");
  EXPECT_EQ(search.objectives[15], 0.0);
}

// A literal table: R1 helps by 2, R2 hurts, R3 and R4 change nothing.
TEST(SharedSearch, LiteralTable) {
  ErrorTable table;
  ErrorTerm a{0, "qkv_input", 3, RotationMask(1), {}};
  a.by_mask[0].squared_error = 5;
  a.by_mask[1].squared_error = 3;
  ErrorTerm b{0, "value", 1, RotationMask(2), {}};
  b.by_mask[0].squared_error = 1;
  b.by_mask[2].squared_error = 4;
  table.terms = {a, b};
  EXPECT_EQ(objective(table, RotationMask(0)), 16);
  EXPECT_EQ(objective(table, RotationMask(1)), 10);
  EXPECT_EQ(objective(table, RotationMask(15)), 13);
  EXPECT_EQ(search_shared(table).best.text(), "1000");
}

// Fig. 4: q, k and v read one input, gate and up another; each has its own term in eq. (12).
TEST(Sites, ReadersAreTheLinearLayersOfFigure4) {
  ModelShape shape;
  EXPECT_EQ(readers(shape, Site::kQkvInput), 3);
  EXPECT_EQ(readers(shape, Site::kGateUpInput), 2);
  for (const Site s : {Site::kKey, Site::kValue, Site::kOInput, Site::kDownInput})
    EXPECT_EQ(readers(shape, s), 1) << site_name(s);
  shape.mlp = MlpKind::kGelu;
  EXPECT_EQ(readers(shape, Site::kGateUpInput), 1);
}

// Sums over weights, means over samples: twice the same samples change nothing but rounding.
TEST(ErrorTable, SamplesAreAveraged) {
  Fixture f;
  std::vector<SftSample> twice = f.samples;
  twice.insert(twice.end(), f.samples.begin(), f.samples.end());
  const ErrorTable once = measure_errors<Cpu>(f.cpu, f.network, bits(4, 4, 4), 7, f.samples);
  const ErrorTable doubled = measure_errors<Cpu>(f.cpu, f.network, bits(4, 4, 4), 7, twice);
  EXPECT_NEAR(objective(once, RotationMask(5)), objective(doubled, RotationMask(5)),
              1e-9 * objective(once, RotationMask(5)));
}

}  // namespace
}  // namespace trainer
