// Straight-through gradients by every instruction set, bit for bit against core's ste_gradient.
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "roste/cpu/backward.h"
#include "roste/cpu/quantize.h"
#include "tests/support/random_values.h"

namespace roste {
namespace {

using cpu::Isa;
using cpu::MatrixView;

std::vector<Isa> isas() {
  std::vector<Isa> result;
  for (const Isa isa : cpu::kAllIsas) {
    if (cpu::isa_supported(isa)) result.push_back(isa);
  }
  return result;
}

std::vector<std::uint32_t> bits_of(const std::vector<float>& values) {
  std::vector<std::uint32_t> bits;
  for (const float v : values) bits.push_back(std::bit_cast<std::uint32_t>(v));
  return bits;
}

// The gradients of x by core's rule, whatever dy holds.
template <SteRule Rule>
std::vector<float> scalar_gradients(const std::vector<float>& x, GroupParams p, CodeRange codes,
                                    const std::vector<float>& dy) {
  std::vector<float> dx;
  for (std::size_t i = 0; i < x.size(); ++i) {
    dx.push_back(ste_gradient<Rule>(x[i], p, codes, dy[i]));
  }
  return dx;
}

// The rule out of place and in place, by every instruction set.
template <SteRule Rule>
void expect_scalar_gradients(const std::vector<float>& x, GroupParams p, CodeRange codes) {
  const std::int64_t n = static_cast<std::int64_t>(x.size());
  std::vector<float> dy = testing::gaussian(8, n);
  for (std::size_t i = 0; i < x.size(); i += 5) dy[i] = i % 2 == 0 ? -0.0f : std::nanf("");
  const std::vector<float> expected = scalar_gradients<Rule>(x, p, codes, dy);
  for (const Isa isa : isas()) {
    std::vector<float> dx(x.size() + 1, 7.0f), in_place = dy;
    cpu::detail::ste_run<Rule>(isa, x.data(), p, codes, {dy.data(), dx.data(), n});
    cpu::detail::ste_run<Rule>(isa, x.data(), p, codes, {in_place.data(), in_place.data(), n});
    ASSERT_EQ(dx.back(), 7.0f) << "written past the end of " << n << " values";
    dx.pop_back();
    ASSERT_EQ(bits_of(dx), bits_of(expected))
        << cpu::isa_name(isa) << ", " << n << " values, s = " << p.scale << ", z = " << p.zero;
    ASSERT_EQ(bits_of(in_place), bits_of(expected)) << cpu::isa_name(isa);
  }
}

constexpr CodeRange kRanges[] = {{0, 1}, {0, 15}, {-8, 7}, {-128, 127}, {-32768, 32767}};
constexpr float kScales[] = {1.0f,     0.1f,    1.0f / 3, 0.7390851f, 0x1p-126f,
                             0x1p-99f, 0x1p99f, 0x1p101f, 1e-42f};

// The mask changes half a step beyond each end: there, 9 floats to each side, and elsewhere.
std::vector<float> around_the_ends(GroupParams p, CodeRange codes) {
  std::vector<float> x = {0.0f, -0.0f, 1e38f, -1e38f, 1e-45f};
  for (const double end : {codes.min - 0.5, codes.min + 0.5, codes.max - 0.5, codes.max + 0.5}) {
    const float tie = static_cast<float>((end - p.zero) * p.scale);
    if (!std::isfinite(tie)) continue;
    x.push_back(tie);
    float up = tie, down = tie;
    for (int k = 0; k < 9; ++k) {
      x.push_back(up = std::nextafter(up, HUGE_VALF));
      x.push_back(down = std::nextafter(down, -HUGE_VALF));
    }
  }
  return x;
}

TEST(BackwardIsa, P26_TheMaskChangesHalfAStepBeyondTheEnds) {
  for (const CodeRange codes : kRanges) {
    for (const float scale : kScales) {
      for (const std::int32_t zero : {0, 6, -20, 100000, 1 << 22}) {
        const GroupParams p = {scale, zero};
        const std::vector<float> x = around_the_ends(p, codes);
        expect_scalar_gradients<ClippedStraightThrough>(x, p, codes);
        expect_scalar_gradients<StraightThrough>(x, p, codes);
        ASSERT_FALSE(HasFatalFailure());
      }
    }
  }
}

// What the ends above are worth: of the values next to them, some pass and some do not.
TEST(BackwardIsa, P26_BothSidesOfTheEndsAreSeen) {
  for (const float scale : {1.0f, 0.1f, 1.0f / 3}) {
    const GroupParams p = {scale, 6};
    const std::vector<float> x = around_the_ends(p, {0, 15});
    for (const Isa isa : isas()) {
      const std::vector<float> ones(x.size(), 1.0f);
      std::vector<float> dx(x.size());
      const std::int64_t n = static_cast<std::int64_t>(x.size());
      cpu::detail::ste_run<ClippedStraightThrough>(isa, x.data(), p, {0, 15},
                                                   {ones.data(), dx.data(), n});
      std::int64_t below = 0, inside = 0, above = 0;
      for (std::size_t i = 0; i < x.size(); ++i) {
        (dx[i] != 0.0f ? inside : x[i] < 0.0f ? below : above) += 1;
      }
      EXPECT_GE(below, 9 + 1);  // -1e38 as well
      EXPECT_GE(above, 9 + 1);
      EXPECT_GE(inside, 2 * 9 + 2 * 19);
    }
  }
}

TEST(BackwardIsa, AllLengths) {
  for (std::int64_t n = 0; n <= 67; ++n) {
    std::vector<float> x = testing::gaussian(static_cast<std::uint64_t>(n), n);
    for (float& v : x) v *= 4.0f;
    expect_scalar_gradients<ClippedStraightThrough>(x, {0.5f, 0}, {-8, 7});
    expect_scalar_gradients<ClippedStraightThrough>(x, {0.1f, -3}, {0, 15});
    expect_scalar_gradients<StraightThrough>(x, {0.5f, 0}, {-8, 7});
    ASSERT_FALSE(HasFatalFailure());
  }
}

TEST(BackwardIsa, AllExponents) {
  const std::vector<float> x = testing::finite_bit_patterns(6, 20000);
  for (const float scale : kScales) {
    expect_scalar_gradients<ClippedStraightThrough>(x, {scale, 0}, {-8, 7});
    expect_scalar_gradients<ClippedStraightThrough>(x, {scale, 40}, {0, 15});
  }
}

// The verb on strided matrices, in groups that end inside of a register, dx in the place of dy.
TEST(BackwardIsa, QN23_MatricesByEveryInstructionSet) {
  constexpr std::int64_t kRows = 3, kCols = 83, kStride = 90;
  const std::vector<float> x = testing::gaussian(1, kRows * kStride);
  const std::vector<float> dy = testing::gaussian(2, kRows * kStride);
  const MatrixView<const float> view(x.data(), kRows, kCols, kStride);
  const Quantizer<QuantSpec<4, Asymmetric, PerGroup<27, Tail::kShorter>>> q(0.5f);
  const GroupLayout layout = group_layout(q.scheme().grouping, kRows, kCols);
  std::vector<GroupParams> params(static_cast<std::size_t>(layout.count));
  cpu::fit(q, view, params, Isa::kPortable);
  std::vector<float> expected = dy;
  for (std::int64_t r = 0; r < kRows; ++r) {
    for (std::int64_t c = 0; c < kCols; ++c) {
      const std::int64_t g = r * layout.groups_per_row + c / 27;
      const std::size_t at = static_cast<std::size_t>(r * kStride + c);
      expected[at] = ste_gradient<ClippedStraightThrough>(
          x[at], params[static_cast<std::size_t>(g)], q.scheme().grid.codes, dy[at]);
    }
  }
  for (const Isa isa : isas()) {
    std::vector<float> dx = dy;  // the gaps too
    const MatrixView<float> out(dx.data(), kRows, kCols, kStride);
    cpu::fake_quantize_backward<ClippedStraightThrough>(q, view, out, out, isa);
    EXPECT_EQ(bits_of(dx), bits_of(expected)) << cpu::isa_name(isa);
  }
}

TEST(BackwardIsa, NonFiniteValuesAreNamedAndNothingIsWritten) {
  for (const Isa isa : isas()) {
    std::vector<float> x = testing::gaussian(3, 2 * 40), dx(2 * 40, 7.0f);
    x[40 + 17] = -std::numeric_limits<float>::infinity();
    const std::vector<float> dy(2 * 40, 1.0f);
    try {
      cpu::fake_quantize_backward<ClippedStraightThrough>(
          Quantizer<QuantSpec<4, Symmetric, PerTensor>>(), MatrixView<const float>(x.data(), 2, 40),
          MatrixView<const float>(dy.data(), 2, 40), MatrixView<float>(dx.data(), 2, 40), isa);
      ADD_FAILURE();
    } catch (const NonFiniteError& error) {
      EXPECT_EQ(error.row(), 1);
      EXPECT_EQ(error.col(), 17);
    }
    EXPECT_EQ(dx, std::vector<float>(2 * 40, 7.0f));
  }
}

}  // namespace
}  // namespace roste
