#include "reference_trainer/io/gguf_file.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

namespace trainer {
namespace {

std::string written(const GgufFile& file) {
  const auto path = std::filesystem::path(testing::TempDir()) / "roste-golden.gguf";
  file.write(path);
  std::ifstream in(path, std::ios::binary);
  std::string bytes{std::istreambuf_iterator<char>(in), {}};
  in.close();
  std::filesystem::remove(path);
  return bytes;
}

std::string hex(std::string_view bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    text += {kDigits[byte >> 4], kDigits[byte & 15]};
  }
  return text;
}

std::vector<std::byte> bytes_of(std::size_t n, unsigned value) {
  return std::vector<std::byte>(n, static_cast<std::byte>(value));
}

// Every type of metadata, and two tensors whose second one starts at 32; written out by hand.
TEST(GgufFile, GoldenBytes) {
  GgufFile file;
  file.set_u32("u", 7);
  file.set_f32("f", 1.0f);
  file.set_true("t");
  file.set_false("n");
  file.set_string("s", "ab");
  file.set_strings("S", std::vector<std::string>{"x", ""});
  file.set_f32s("F", std::vector<float>{0.5f});
  file.set_i32s("I", std::vector<std::int32_t>{-1});
  file.add_tensor("w", GgmlType::kF16, {3, 2}, bytes_of(12, 0xaa));
  file.add_tensor("v", GgmlType::kF32, {1}, bytes_of(4, 0xbb));
  const std::string key = "0100000000000000";  // the length of a name of one letter
  const std::string header =
      "47475546"
      "03000000"
      "0200000000000000"
      "0800000000000000" +  // GGUF 3, counts
      key +
      "75"
      "04000000"
      "07000000" +
      key +
      "66"
      "06000000"
      "0000803f" +  // u, f
      key +
      "74"
      "07000000"
      "01" +
      key +
      "6e"
      "07000000"
      "00" +  // t, n
      key +
      "73"
      "08000000"
      "0200000000000000"
      "6162" +  // s
      key +
      "53"
      "09000000"
      "08000000"
      "0200000000000000" +
      key +
      "78"
      "0000000000000000" +
      key +
      "46"
      "09000000"
      "06000000"
      "0100000000000000"
      "0000003f" +
      key +
      "49"
      "09000000"
      "05000000"
      "0100000000000000"
      "ffffffff" +
      key +
      "77"
      "02000000"
      "0200000000000000"
      "0300000000000000"
      "01000000"
      "0000000000000000" +
      key +
      "76"
      "01000000"
      "0100000000000000"
      "00000000"
      "2000000000000000";
  const std::size_t size = header.size() / 2, data = (size + 31) / 32 * 32;
  const std::string bytes = written(file);
  ASSERT_EQ(bytes.size(), data + 64);
  EXPECT_EQ(hex(bytes.substr(0, size)), header);
  EXPECT_EQ(bytes.substr(size, data - size), std::string(data - size, '\0'));
  EXPECT_EQ(hex(bytes.substr(data, 36)),
            std::string(24, 'a') + std::string(40, '0') + std::string(8, 'b'));
}

TEST(GgufFile, SizesOfBlocks) {
  EXPECT_EQ(ggml_bytes(GgmlType::kF32, 64), 256u);
  EXPECT_EQ(ggml_bytes(GgmlType::kF16, 64), 128u);
  EXPECT_EQ(ggml_bytes(GgmlType::kQ8_0, 64), 68u);
  EXPECT_EQ(ggml_bytes(GgmlType::kQ4_1, 64), 40u);
}

TEST(GgufFile, RefusesWhatWouldNotBeRead) {
  GgufFile file;
  file.set_u32("k", 1);
  EXPECT_THROW(file.set_f32("k", 1), std::invalid_argument);
  file.add_tensor("t", GgmlType::kF32, {2}, bytes_of(8, 0));
  EXPECT_THROW(file.add_tensor("t", GgmlType::kF32, {2}, bytes_of(8, 0)), std::invalid_argument);
  EXPECT_THROW(file.add_tensor("a", GgmlType::kF32, {2}, bytes_of(7, 0)), std::invalid_argument);
  EXPECT_THROW(file.add_tensor("b", GgmlType::kQ8_0, {2, 16}, bytes_of(34, 0)),
               std::invalid_argument);
  EXPECT_THROW(file.add_tensor("c", GgmlType::kF32, {1, 1, 1, 1, 1}, bytes_of(4, 0)),
               std::invalid_argument);
}

}  // namespace
}  // namespace trainer
