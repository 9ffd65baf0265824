#include "reference_trainer/formats/stored_floats.h"

#include <gtest/gtest.h>

#include "reference_trainer/base/error.h"

namespace trainer {
namespace {

std::vector<unsigned> halves(ExportType dtype, const std::vector<float>& values) {
  const auto bytes = rounded_bytes(dtype, "t", values);
  std::vector<unsigned> words;
  for (std::size_t i = 0; i < bytes.size(); i += 2)
    words.push_back(std::to_integer<unsigned>(bytes[i]) | std::to_integer<unsigned>(bytes[i + 1])
                                                              << 8);
  return words;
}

// Ties go to even; -0 and subnormals stay.
TEST(StoredFloats, RoundOnceToNearestEven) {
  EXPECT_EQ(halves(ExportType::kBFloat16, {1.0f, -0.0f, 0x1.01p0f, 0x1.03p0f, 0x1.010002p0f}),
            (std::vector<unsigned>{0x3f80, 0x8000, 0x3f80, 0x3f82, 0x3f81}));
  EXPECT_EQ(halves(ExportType::kFloat16, {1.0f, 65504.0f, 0x1.002p0f, 0x1.006p0f, 0x1p-24f}),
            (std::vector<unsigned>{0x3c00, 0x7bff, 0x3c00, 0x3c02, 0x0001}));
  EXPECT_EQ(rounded_bytes(ExportType::kFloat32, "t", std::vector<float>{1.0f}),
            (std::vector<std::byte>{std::byte{0}, std::byte{0}, std::byte{0x80}, std::byte{0x3f}}));
}

TEST(StoredFloats, EX07_FiniteValuesDoNotBecomeInfinite) {
  try {
    rounded_bytes(ExportType::kFloat16, "name", std::vector<float>{0.0f, 65520.0f});
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.parts().code, "EX-07");
    EXPECT_EQ(e.parts().where, "name");
    EXPECT_NE(e.parts().got.find("index 1"), std::string::npos);
  }
  EXPECT_NO_THROW(rounded_bytes(ExportType::kFloat16, "t", std::vector<float>{65519.0f}));
}

TEST(StoredFloats, ViewsSurviveMoreTensorsAndMoves) {
  ExportedTensors stored;
  const std::vector<std::int64_t> numbers{7, 8};
  stored.append_numbers("a", DType::kI64, {2}, std::span(numbers));
  for (int i = 0; i < 100; ++i)
    stored.append_numbers("b" + std::to_string(i), DType::kI64, {2}, std::span(numbers));
  const ExportedTensors moved = std::move(stored);
  ASSERT_EQ(moved.views().size(), 101u);
  EXPECT_EQ(moved.views()[0].bytes.size(), 16u);
  EXPECT_EQ(std::to_integer<int>(moved.views()[0].bytes[8]), 8);
}

}  // namespace
}  // namespace trainer
