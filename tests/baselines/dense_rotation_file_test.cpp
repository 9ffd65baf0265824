// Rotations on disk: the same doubles come back, and files that do not fit are refused.
#include "reference_trainer/roste/dense_rotation_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "reference_trainer/base/error.h"
#include "reference_trainer/io/safetensors.h"
#include "tests/model/tiny_model.h"

namespace trainer {
namespace {

class DenseRotationFile : public testing::Test {
 protected:
  // "" where it is read, else the line of the error.
  std::string refusal() const {
    try {
      read_dense_rotations(path_, shape_);
      return "";
    } catch (const Error& e) {
      EXPECT_EQ(e.exit_code(), ExitCode::kBadInput);
      return e.what();
    }
  }
  ~DenseRotationFile() override { std::filesystem::remove(path_); }

  ModelShape shape_ = test::tiny_shape();
  DenseRotations rotations_ = random_rotations(shape_, 3);
  std::filesystem::path path_ =
      std::filesystem::path(testing::TempDir()) /
      (std::string(testing::UnitTest::GetInstance()->current_test_info()->name()) + ".safetensors");
};

TEST_F(DenseRotationFile, EveryBitOfADoubleComesBack) {
  write_dense_rotations(path_, rotations_);
  DenseRotations read = read_dense_rotations(path_, shape_);
  EXPECT_EQ(read.r1, rotations_.r1);
  EXPECT_EQ(read.r2, rotations_.r2);

  // All 53 bits of 1 + 2^-52, and of the smallest size that is promised.
  std::vector<double> values(24 * 24);
  for (std::size_t i = 0; i < 24; ++i) values[25 * i] = 1 + 0x1p-52;
  values[1] = 0x1.fffffffffffffp-96;
  rotations_ = {DenseRotation(24, values), {}};
  write_dense_rotations(path_, rotations_);
  read = read_dense_rotations(path_, shape_);
  EXPECT_EQ(read.r1, rotations_.r1);
  EXPECT_TRUE(read.r2.empty());
}

// Other programs can add the parts up.
TEST_F(DenseRotationFile, ThePartsAreFloatsOfFallingSize) {
  write_dense_rotations(path_, rotations_);
  const SafetensorsFile file = SafetensorsFile::open(path_);
  EXPECT_EQ(file.tensors().at("layers.1.r2").shape, (std::vector<std::int64_t>{3, 8, 8}));
  std::vector<float> parts(3 * 24 * 24);
  file.read_floats("r1", parts);
  EXPECT_EQ(parts[7], static_cast<float>(rotations_.r1.values()[7]));
  EXPECT_LE(std::abs(parts[24 * 24 + 7]), std::abs(parts[7]) * 0x1p-24f);
}

TEST_F(DenseRotationFile, RefusesRotationsOfAnotherModel) {
  write_dense_rotations(path_, rotations_);
  ASSERT_EQ(refusal(), "");
  shape_.hidden_size = 32;
  EXPECT_THAT(refusal(), testing::HasSubstr(":r1: got shape [3, 24, 24], expected [3, 32, 32]"));
  shape_.hidden_size = 24;
  shape_.layers = 3;
  EXPECT_THAT(refusal(), testing::HasSubstr("RO-12"));
  EXPECT_THAT(refusal(), testing::HasSubstr(":layers.2.r2: got no tensor"));
  shape_.layers = 1;
  EXPECT_THAT(refusal(), testing::HasSubstr("3 tensors"));
}

TEST_F(DenseRotationFile, RefusesAMatrixThatIsNotOrthogonal) {
  std::vector<double> values(rotations_.r2[1].values().begin(), rotations_.r2[1].values().end());
  values[3] += 1e-4;
  rotations_.r2[1] = DenseRotation(8, values);
  write_dense_rotations(path_, rotations_);
  EXPECT_THAT(refusal(), testing::HasSubstr("RO-12"));
  EXPECT_THAT(refusal(), testing::HasSubstr(":layers.1.r2: got a matrix with max|R^T R - I|"));
  values[3] = std::numeric_limits<double>::quiet_NaN();
  rotations_.r2[1] = DenseRotation(8, values);
  write_dense_rotations(path_, rotations_);
  EXPECT_THAT(refusal(), testing::HasSubstr("RO-12"));
}

}  // namespace
}  // namespace trainer
