// The search for clipping factors, against trying every one with the scalar grid.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <vector>

#include "roste/cpu/clip_search.h"
#include "tests/support/random_values.h"

namespace roste {
namespace {

using cpu::Isa;
using cpu::MatrixView;

double scalar_error(const Grid& grid, const std::vector<float>& x) {
  const auto [low, high] = std::minmax_element(x.begin(), x.end());
  const GroupParams params = fit_range(grid, *low, *high);
  double error = 0;
  for (const float v : x) {
    const double e = double{fake_quantize_value(v, params, grid.codes)} - v;
    error += e * e;
  }
  return error;
}

struct Case {
  Scheme scheme;
  std::int64_t rows, cols;
};

std::vector<Case> cases() {
  return {{Quantizer<QuantSpec<4, Asymmetric, PerRow>>(), 6, 100},
          {Quantizer<QuantSpec<2, Symmetric, PerGroup<32>>>(), 3, 96},
          {Quantizer<QuantSpec<3, Asymmetric, PerGroup<40, Tail::kShorter>, PaperEq4>>(), 3, 100},
          {Quantizer<QuantSpec<4, Asymmetric, PerTensor, TightRange>>(), 4, 33}};
}

// The values of group g.
std::vector<float> group_values(const GroupLayout& layout, std::int64_t g,
                                MatrixView<const float> x) {
  std::vector<float> values;
  for (std::int64_t r = 0; r < layout.runs_per_group; ++r) {
    const float* run = x.row(layout.row_of(g, r)) + layout.col_of(g);
    values.insert(values.end(), run, run + layout.run_of(g));
  }
  return values;
}

TEST(ClipSearch, FindsTheLeastErrorOfEveryGroup) {
  for (const Case& c : cases()) {
    std::vector<float> x = testing::gaussian(11, c.rows * c.cols);
    for (std::size_t i = 0; i < x.size(); i += 29) x[i] *= 6.0f;  // worth clipping
    const MatrixView<const float> view(x.data(), c.rows, c.cols);
    const GroupLayout layout = group_layout(c.scheme.grouping, c.rows, c.cols);
    const std::size_t count = static_cast<std::size_t>(layout.count);
    for (const Isa isa : cpu::kAllIsas) {
      if (!cpu::isa_supported(isa)) continue;
      std::vector<GroupParams> params(count);
      std::vector<float> chosen(count);
      cpu::search_clip(c.scheme, view, params, {cpu::kClipFactors, chosen}, isa);
      for (std::size_t g = 0; g < count; ++g) {
        const std::vector<float> values = group_values(layout, static_cast<std::int64_t>(g), view);
        const auto [low, high] = std::minmax_element(values.begin(), values.end());
        Grid grid = c.scheme.grid;
        grid.clip = chosen[g];
        EXPECT_EQ(params[g], fit_range(grid, *low, *high));
        const double error = scalar_error(grid, values);
        for (const float factor : cpu::kClipFactors) {
          grid.clip = factor;
          // Both sums round at most once in 2^52 per value.
          EXPECT_LE(error, scalar_error(grid, values) * (1 + 1e-13)) << factor;
        }
      }
      EXPECT_LT(*std::min_element(chosen.begin(), chosen.end()), 1.0f);
    }
  }
}

TEST(ClipSearch, OfEqualErrorsTheLargerFactorWinsInAnyOrder) {
  const std::vector<float> constant(40, 2.5f);  // no factor loses anything
  const Quantizer<QuantSpec<4, Asymmetric, PerRow>> q(0.5f);
  for (const std::vector<float>& factors :
       {std::vector<float>{0.5f, 0.9f, 0.7f}, std::vector<float>{0.9f, 0.7f, 0.5f}}) {
    std::vector<GroupParams> params(1);
    std::vector<float> chosen(1);
    cpu::search_clip(q, MatrixView<const float>(constant), params, {factors, chosen});
    EXPECT_EQ(chosen[0], 0.9f);
    EXPECT_EQ(params[0], (GroupParams{2.5f, 0}));
  }
}

TEST(ClipSearch, RefusesFactorsAndShapesThatDoNotFit) {
  const std::vector<float> x = {1, 2, 3};
  const MatrixView<const float> view(x);
  const Quantizer<QuantSpec<4, Asymmetric, PerRow>> q;
  std::vector<GroupParams> params(1), two(2);
  std::vector<float> wrong(2);
  const std::vector<float> none, zero = {0.0f}, above = {1.5f}, nan = {std::nanf("")};
  for (const auto* factors : {&none, &zero, &above, &nan}) {
    EXPECT_THROW(cpu::search_clip(q, view, params, {*factors}), std::invalid_argument);
  }
  EXPECT_THROW(cpu::search_clip(q, view, two), std::invalid_argument);
  EXPECT_THROW(cpu::search_clip(q, view, params, {cpu::kClipFactors, wrong}),
               std::invalid_argument);
}

}  // namespace
}  // namespace roste
