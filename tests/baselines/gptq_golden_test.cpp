// Codes against a twin in NumPy that follows the paper's formulas (tests/oracle/gptq_twin.py).
#include <gtest/gtest.h>

#include "tests/baselines/gptq_cases.h"
#include "tests/model/golden.h"

namespace trainer {
namespace {

constexpr auto kNatural = ColumnOrder::kNatural;
constexpr auto kDescending = ColumnOrder::kDescending;
constexpr auto kAsymmetric = Symmetry::kAsymmetric;
constexpr auto kSymmetric = Symmetry::kSymmetric;
constexpr auto kNone = WeightClip::kNone;
constexpr auto kMse = WeightClip::kMse;

// As CASES in the twin.
struct Case {
  const char* name;
  int bits;
  Symmetry symmetry;
  GptqSettings settings;
};
const Case kCases[] = {
    {"natural_w3", 3, kAsymmetric, {0.01, 128, kNatural, kNone}},
    {"blocks_w4", 4, kAsymmetric, {0.01, 128, kNatural, kNone}},
    {"symmetric_w4", 4, kSymmetric, {0.01, 16, kNatural, kNone}},
    {"act_order_w3", 3, kAsymmetric, {0.01, 16, kDescending, kNone}},
    {"act_order_symmetric_w2", 2, kSymmetric, {0.1, 8, kDescending, kNone}},
    {"dead_w4", 4, kAsymmetric, {0.01, 8, kNatural, kNone}},
    {"dead_act_order_w4", 4, kSymmetric, {0.01, 8, kDescending, kNone}},
    {"searched_w3", 3, kAsymmetric, {0.01, 128, kNatural, kMse}},
    {"searched_symmetric_w2", 2, kSymmetric, {0.01, 128, kNatural, kMse}},
    {"w8", 8, kAsymmetric, {0.01, 128, kNatural, kNone}},
};

class GptqGolden : public testing::TestWithParam<Case> {};

// The twin stops where a value is so close to the border of two codes that the order of additions
// could matter, so codes are equal; inputs are integers, so the Hessians are, too.
TEST_P(GptqGolden, CodesAndParamsAreThoseOfTheTwin) {
  const test::Golden golden(test::golden_directory() / "gptq.safetensors");
  const std::string name = GetParam().name;
  const std::vector<float> weight = golden.floats(name + ".weight");
  const std::int64_t out = golden.rows(name + ".weight"), in = golden.cols(name + ".weight");
  const Hessian hessian = test::naive_hessian(golden.floats(name + ".inputs"), in);
  const GptqSettings& settings = GetParam().settings;
  ThreadPool pool(1);
  const GptqWeight got =
      gptq_weight(pool, settings, {GetParam().bits, GetParam().symmetry},
                  make_error_feedback(name, hessian, settings.column_order, settings.damping),
                  {weight.data(), out, in});
  const std::vector<std::int32_t> codes = golden.int32s(name + ".codes");
  EXPECT_EQ(std::vector<std::int32_t>(got.codes.begin(), got.codes.end()), codes);
  const std::vector<float> scale = golden.floats(name + ".scale");
  const std::vector<std::int32_t> zero = golden.int32s(name + ".zero");
  for (std::size_t row = 0; row < scale.size(); ++row) {
    EXPECT_EQ(got.params[row], (roste::GroupParams{scale[row], zero[row]})) << row;
    for (std::size_t k = row * static_cast<std::size_t>(in); k < (row + 1) * in; ++k)
      EXPECT_EQ(got.values[k], roste::decode(codes[k], got.params[row])) << k;
  }
}

INSTANTIATE_TEST_SUITE_P(Twin, GptqGolden, testing::ValuesIn(kCases),
                         [](const auto& c) { return std::string(c.param.name); });

}  // namespace
}  // namespace trainer
