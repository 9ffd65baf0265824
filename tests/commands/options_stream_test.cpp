// Flags of the commands that stream a model from files to files, and what they accept.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reference_trainer/commands/probe.h"
#include "tests/commands/parse.h"

namespace trainer {
namespace {

const Words kRotateWords = {"rotate", "--model_name_or_path", "m", "--output_dir", "o"};

std::uint64_t shard_size(const std::string& text) {
  return parse(kRotateWords + Words{"--max_shard_size", text}).save.max_shard_size;
}

TEST(StreamFlags, SizesHaveTheUnitsOfTransformers) {
  EXPECT_EQ(parse(kRotateWords).save.max_shard_size, 5'000'000'000u);
  EXPECT_EQ(shard_size("20"), 20u);
  EXPECT_EQ(shard_size("3KB"), 3'000u);
  EXPECT_EQ(shard_size("500MB"), 500'000'000u);
  EXPECT_EQ(shard_size("2GB"), 2'000'000'000u);
  EXPECT_EQ(shard_size("1KiB"), 1024u);
  EXPECT_EQ(shard_size("7MiB"), 7u << 20);
  EXPECT_EQ(shard_size("8GiB"), std::uint64_t{8} << 30);
}

TEST(StreamFlags, CL02_CL03_SizesAreParsedWhole) {
  for (const char* text : {"", "GB", "5 GB", "5gb", "5GBs", "-1GB", "1.5GB", "0x10"})
    EXPECT_EQ(error_code(kRotateWords + Words{"--max_shard_size", text}), "CL-02") << text;
  for (const char* text : {"0", "0GB", "18446744073709551616", "9999999999999GB"})
    EXPECT_EQ(error_code(kRotateWords + Words{"--max_shard_size", text}), "CL-03") << text;
}

TEST(StreamFlags, TypesAreWords) {
  EXPECT_EQ(parse(kRotateWords).save.dtype, SaveDType::kSource);
  const auto type = [](const char* word) {
    return parse(kRotateWords + Words{"--save_dtype", word}).save.dtype;
  };
  EXPECT_EQ(type("source"), SaveDType::kSource);
  EXPECT_EQ(type("float32"), SaveDType::kFloat32);
  EXPECT_EQ(type("bfloat16"), SaveDType::kBFloat16);
  EXPECT_EQ(type("float16"), SaveDType::kFloat16);
  EXPECT_EQ(error_code(kRotateWords + Words{"--save_dtype", "bf16"}), "CL-02");
  EXPECT_EQ(error_code(kTrainWords + Words{"--save_dtype", "float32"}), "CL-01");
}

// 4 u sqrt(n) and the 1e-3 of float32, by hand.
TEST(StreamFlags, RO20_RoundingMayChangeLogitsByItsBound) {
  EXPECT_DOUBLE_EQ(accepted_by_rounding(DType::kBF16, 100), 1e-3 + 4 * 0.00390625 * 10);
  EXPECT_NEAR(accepted_by_rounding(DType::kF32, 170), 1e-3, 4e-6);
  check_rounded(0.15, DType::kBF16, 100, "m");
  for (const double difference : {0.16, HUGE_VAL}) {
    try {
      check_rounded(difference, DType::kBF16, 100, "m");
      ADD_FAILURE() << difference;
    } catch (const Error& error) {
      EXPECT_EQ(error.parts().code, "RO-20");
      EXPECT_EQ(error.exit_code(), ExitCode::kNumerics);
      EXPECT_THAT(error.what(), testing::HasSubstr("--save_dtype float32"));
    }
  }
}

}  // namespace
}  // namespace trainer
