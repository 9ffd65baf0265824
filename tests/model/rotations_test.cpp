// Which signs each place gets, and how a choice of rotations is written.
#include "reference_trainer/model/rotations.h"

#include <gtest/gtest.h>

#include <set>
#include <stdexcept>

#include "tests/model/tiny_model.h"

namespace trainer {
namespace {

std::vector<int> signs(const roste::Rotation& r) {
  std::vector<int> s;
  for (std::int64_t i = 0; i < r.size(); ++i) s.push_back(r.sign(i));
  return s;
}

// Dimension 64 everywhere, so that equal signs by chance have probability 2^-64.
ModelShape wide_shape() {
  ModelShape s = test::tiny_shape();
  s.hidden_size = s.intermediate_size = s.head_dim = 64;
  s.layers = 5;
  return s;
}

TEST(RotationMatrices, EveryPlaceAndSeedHasItsOwnSigns) {
  std::set<std::vector<int>> different;
  for (const std::uint64_t seed : {0u, 1u, 2u}) {
    const RotationMatrices h = make_rotation_matrices(wide_shape(), seed);
    different.insert(signs(h.r1));
    for (const auto& layer : h.layers) {
      for (const roste::Rotation* r : {&layer.r2, &layer.r3, &layer.r4})
        different.insert(signs(*r));
    }
  }
  EXPECT_EQ(different.size(), 3u * (1 + 5 * 3));
}

TEST(RotationMatrices, TheForwardPassUsesTheMatricesOfTheSearch) {
  const ModelShape shape = wide_shape();
  const RotationMatrices h = make_rotation_matrices(shape, 7);
  const auto used = in_block_rotations(shape, RotationChoice::shared(RotationMask(15), shape, 7));
  ASSERT_EQ(used.size(), h.layers.size());
  for (std::size_t i = 0; i < used.size(); ++i) {
    EXPECT_EQ(signs(*used[i].r2), signs(h.layers[i].r2));
    EXPECT_EQ(signs(*used[i].r3), signs(h.layers[i].r3));
    EXPECT_EQ(signs(*used[i].r4), signs(h.layers[i].r4));
  }
}

// Without signs R3 and R4 are plain Hadamard matrices; R1 and R2 keep their random signs.
TEST(RotationMatrices, OnlineSignsAreThoseOfR3AndR4) {
  const ModelShape shape = wide_shape();
  const RotationMatrices random = make_rotation_matrices(shape, 7),
                         plain = make_rotation_matrices(shape, 7, OnlineSigns::kNone);
  RotationChoice choice = RotationChoice::shared(RotationMask(15), shape, 7);
  choice.online_signs = OnlineSigns::kNone;
  const auto used = in_block_rotations(shape, choice);
  const std::vector<int> ones(64, 1);
  EXPECT_EQ(signs(plain.r1), signs(random.r1));
  for (std::size_t i = 0; i < used.size(); ++i) {
    EXPECT_EQ(signs(plain.layers[i].r2), signs(random.layers[i].r2));
    EXPECT_EQ(signs(plain.layers[i].r3), ones);
    EXPECT_EQ(signs(plain.layers[i].r4), ones);
    EXPECT_EQ(signs(*used[i].r2), signs(random.layers[i].r2));
    EXPECT_EQ(signs(*used[i].r3), ones);
    EXPECT_EQ(signs(*used[i].r4), ones);
  }
}

TEST(RotationMask, DigitsAreR1ToR4FromTheLeft) {
  const RotationMask mask = RotationMask::parse("1011");
  EXPECT_TRUE(mask.r(1));
  EXPECT_FALSE(mask.r(2));
  EXPECT_TRUE(mask.r(3));
  EXPECT_TRUE(mask.r(4));
  EXPECT_EQ(RotationMask::parse("1000").bits(), 1u);
  EXPECT_EQ(RotationMask::parse("0001").bits(), 8u);
  for (unsigned bits = 0; bits < 16; ++bits)
    EXPECT_EQ(RotationMask::parse(RotationMask(bits).text()), RotationMask(bits));
}

TEST(RotationMask, OtherTextIsRefused) {
  for (const char* text : {"", "101", "10110", "1021", "yes!"})
    EXPECT_THROW(RotationMask::parse(text), std::invalid_argument) << text;
}

}  // namespace
}  // namespace trainer
