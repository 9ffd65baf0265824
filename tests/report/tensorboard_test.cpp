// Event files against TensorBoard's own writer (tests/oracle/make_tensorboard_golden.py).
#include "reference_trainer/report/tensorboard.h"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "reference_trainer/base/error.h"
#include "reference_trainer/report/crc32.h"

namespace trainer {
namespace {

std::string hex(const std::string& bytes) {
  std::string text;
  for (const char c : bytes) {
    constexpr const char* kDigits = "0123456789abcdef";
    text += {kDigits[static_cast<unsigned char>(c) >> 4], kDigits[c & 15]};
  }
  return text;
}

nlohmann::json golden() {
  std::ifstream file(std::filesystem::path(ROSTE_SOURCE_DIR) / "tests/golden/tensorboard.json");
  return nlohmann::json::parse(file);
}

TEST(TensorBoard, HeadIsThatOfTheReference) {
  const nlohmann::json head = golden()["head"];
  EXPECT_EQ(hex(event_file_head(head["wall"])), head["hex"]);
}

TEST(TensorBoard, ScalarsAreThoseOfTheReference) {
  const nlohmann::json scalars = golden()["scalars"];
  ASSERT_EQ(scalars.size(), 6u);
  for (const nlohmann::json& s : scalars) {
    EXPECT_EQ(hex(scalar_record(s["tag"].get<std::string>(), s["step"], s["value"], s["wall"])),
              s["hex"])
        << s["tag"];
  }
}

TEST(TensorBoard, FileNamesHoldNoSeparators) {
  EXPECT_EQ(event_file_name(1767323045, "node-7.example", 123),
            "events.out.tfevents.1767323045.node-7.example.123");
  EXPECT_EQ(event_file_name(1, "../a b\n", 2), "events.out.tfevents.1...ab.2");
}

TEST(TensorBoard, AFileIsItsRecords) {
  const std::filesystem::path directory =
      std::filesystem::path(testing::TempDir()) / "tensorboard_test";
  std::filesystem::remove_all(directory);
  std::filesystem::create_directory(directory);
  TensorBoardLog log(directory, 5.5);
  log.add_scalar("loss", 1, 2, 6);
  log.add_scalar("loss", 2, 1, 7);
  const std::filesystem::path file = std::filesystem::directory_iterator(directory)->path();
  EXPECT_TRUE(file.filename().string().starts_with("events.out.tfevents.5."));
  std::ostringstream bytes;
  bytes << std::ifstream(file, std::ios::binary).rdbuf();
  EXPECT_EQ(bytes.str(),
            event_file_head(5.5) + scalar_record("loss", 1, 2, 6) + scalar_record("loss", 2, 1, 7));
}

TEST(TensorBoard, DF03_NoDirectory) {
  EXPECT_THROW(TensorBoardLog("/nonexistent/directory", 0), Error);
}

// RFC 3720, B.4, and the check of "123456789" that catalogues of CRCs list.
TEST(Crc32, KnownChecks) {
  EXPECT_EQ(crc32(std::string(32, '\0'), kCrc32c), 0x8a9136aau);
  EXPECT_EQ(crc32("123456789", kCrc32c), 0xe3069283u);
  EXPECT_EQ(crc32("123456789", kCrc32), 0xcbf43926u);
}

}  // namespace
}  // namespace trainer
