// Malformed safetensors files, by the case numbers of docs/errors.md.
#include <unistd.h>

#include "reference_trainer/io/safetensors.h"
#include "tests/io/files.h"

namespace trainer {
namespace {

using testing::expect_error;
using testing::raw_safetensors;
using testing::TemporaryDirectory;
using testing::write_text;

class SafetensorsRefusals : public ::testing::Test {
 protected:
  void expect_refused(const std::string& bytes, const std::string& code,
                      const std::vector<std::string>& mentions) {
    write_text(path_, bytes);
    expect_error([&] { SafetensorsFile::open(path_); }, code, ExitCode::kBadInput, mentions);
  }

  // A file with one tensor "w.x", an F32 unless `dtype` says otherwise.
  static std::string tensor(const std::string& shape, const std::string& offsets,
                            const std::string& data, const std::string& dtype = "\"F32\"") {
    return raw_safetensors("{\"w.x\":{\"dtype\":" + dtype + ",\"shape\":" + shape +
                               ",\"data_offsets\":" + offsets + "}}",
                           data);
  }

  TemporaryDirectory directory_;
  std::filesystem::path path_ = directory_ / "m.safetensors";
};

TEST_F(SafetensorsRefusals, ST01_FewerThanEightBytes) {
  for (std::size_t size = 0; size < 8; ++size) {
    expect_refused(std::string(size, 'x'), "ST-01",
                   {"m.safetensors", std::to_string(size) + " bytes", "at least 8"});
  }
}

TEST_F(SafetensorsRefusals, ST02_HeaderLongerThanTheFile) {
  expect_refused(std::string("\3\0\0\0\0\0\0\0{}", 10), "ST-02",
                 {"m.safetensors@0", "3 bytes", "at most 2"});
  expect_refused(std::string(8, '\xff') + "{}", "ST-02", {"18446744073709551615", "at most 2"});
}

TEST_F(SafetensorsRefusals, ST02_HeaderAboveTheLimit) {
  std::string length(8, '\0');
  for (int i = 0; i < 4; ++i)
    length[static_cast<std::size_t>(i)] = static_cast<char>(100000001 >> (8 * i));
  write_text(path_, length);
  std::filesystem::resize_file(path_, 200000000);  // sparse: nothing is stored
  expect_error([&] { SafetensorsFile::open(path_); }, "ST-02", ExitCode::kBadInput,
               {"100000001", "at most 100000000"});
}

TEST_F(SafetensorsRefusals, ST03_HeaderIsNotAJsonObject) {
  expect_refused(raw_safetensors("[]", ""), "ST-03", {"m.safetensors@8", "[]"});
  expect_refused(raw_safetensors("{\"a\xff\":1}", ""), "ST-03", {"m.safetensors@11"});
  expect_refused(raw_safetensors("{\"a\":}", ""), "ST-03", {"m.safetensors@13"});
  expect_refused(raw_safetensors("", ""), "ST-03", {"m.safetensors@8", "empty"});
  expect_refused(raw_safetensors("{\"a\":7}", ""), "ST-03", {":/a", "got 7"});
  expect_refused(raw_safetensors(R"({"a":{"dtype":"F32","shape":[1]}})", "1234"), "ST-03",
                 {":/a/data_offsets"});
  expect_refused(tensor("2", "[0,8]", "12345678"), "ST-03", {":/w.x/shape", "got 2"});
  expect_refused(tensor("[-2]", "[0,8]", "12345678"), "ST-03", {":/w.x/shape", "-2"});
  expect_refused(tensor("[2.0]", "[0,8]", "12345678"), "ST-03", {":/w.x/shape", "2.0"});
}

TEST_F(SafetensorsRefusals, ST04_DuplicateKeys) {
  const std::string entry = R"({"dtype":"F32","shape":[1],"data_offsets":[0,4]})";
  expect_refused(raw_safetensors("{\"k\":" + entry + ",\"k\":" + entry + "}", "1234"), "ST-04",
                 {"\"k\" twice"});
  expect_refused(
      raw_safetensors(R"({"k":{"dtype":"F32","shape":[1],"shape":[1],"data_offsets":[0,4]}})",
                      "1234"),
      "ST-04", {"\"shape\" twice"});
  expect_refused(raw_safetensors(R"({"__metadata__":{},"__metadata__":{}})", ""), "ST-04",
                 {"\"__metadata__\" twice"});
}

TEST_F(SafetensorsRefusals, ST05_LengthDiffersFromShape) {
  expect_refused(tensor("[2,3]", "[0,20]", std::string(20, '\0')), "ST-05",
                 {":/w.x/data_offsets", "got 20 bytes", "24 bytes", "[2, 3]", "F32"});
  expect_refused(tensor("[2,3]", "[0,28]", std::string(28, '\0')), "ST-05",
                 {"got 28 bytes", "24 bytes"});
  expect_refused(tensor("[]", "[0,0]", ""), "ST-05", {"got 0 bytes", "4 bytes"});
}

TEST_F(SafetensorsRefusals, ST06_OffsetsThatAreNotARange) {
  for (const char* offsets : {"[4,0]", "[-4,0]", "[0,4e0]", "[0,\"4\"]", "[0,4,4]", "[4]", "4",
                              "[0,18446744073709551616]"}) {
    expect_refused(tensor("[1]", offsets, "1234"), "ST-06", {":/w.x/data_offsets"});
  }
}

TEST_F(SafetensorsRefusals, ST07_DimensionAboveInt64) {
  expect_refused(tensor("[2,18446744073709551614]", "[0,0]", ""), "ST-07",
                 {":/w.x/shape", "18446744073709551614", "2^63"});
}

TEST_F(SafetensorsRefusals, ST08_ProductThatWrapsToZero) {
  expect_refused(tensor("[4294967296,4294967296]", "[0,0]", ""), "ST-08",
                 {":/w.x/shape", "4294967296 * 4294967296"});
  expect_refused(tensor("[4611686018427387904]", "[0,0]", ""), "ST-08",  // 2^62 elements of 4 bytes
                 {"4611686018427387904 * 4"});
}

TEST_F(SafetensorsRefusals, ST09_EmptyOnlyByACheckedProduct) {
  expect_refused(tensor("[0,9223372036854775808]", "[0,0]", ""), "ST-07", {"9223372036854775808"});
  expect_refused(tensor("[4294967296,4294967296,0]", "[0,0]", ""), "ST-08", {"4294967296"});
  write_text(path_, tensor("[0,9223372036854775807]", "[0,0]", ""));
  EXPECT_EQ(SafetensorsFile::open(path_).tensors().at("w.x").elements(), 0);
}

TEST_F(SafetensorsRefusals, ST10_RankAboveEight) {
  expect_refused(tensor("[1,1,1,1,1,1,1,1,1]", "[0,4]", "1234"), "ST-10",
                 {"9 dimensions", "at most 8"});
  write_text(path_, tensor("[1,1,1,1,1,1,1,1]", "[0,4]", "1234"));
  EXPECT_NO_THROW(SafetensorsFile::open(path_));
}

TEST_F(SafetensorsRefusals, ST11_UnsupportedTypes) {
  expect_refused(tensor("[4]", "[0,4]", "1234", "\"F8_E4M3\""), "ST-11",
                 {":/w.x/dtype", "F8_E4M3", "BF16"});
  expect_refused(tensor("[4]", "[0,4]", "1234", "\"f32\""), "ST-11", {"f32"});
  expect_refused(tensor("[4]", "[0,4]", "1234", "32"), "ST-11", {"got 32"});
  // Offsets are checked before an unknown type ends the reading.
  expect_refused(tensor("[4]", "[4,0]", "1234", "\"F8_E4M3\""), "ST-06", {"[4,0]"});
}

TEST_F(SafetensorsRefusals, ST11_IntegersAreNotWeights) {
  write_text(path_, tensor("[1]", "[0,8]", "12345678", "\"I64\""));
  const SafetensorsFile file = SafetensorsFile::open(path_);
  std::vector<float> value(1);
  expect_error([&] { file.read_floats("w.x", value); }, "ST-11", ExitCode::kBadInput,
               {":/w.x/dtype", "I64"});
}

TEST_F(SafetensorsRefusals, ST12_FileThatIsShort) {
  expect_refused(tensor("[2]", "[0,8]", "1234567"), "ST-12",
                 {"got 7 bytes", "8, 1 bytes are missing"});
  expect_refused(tensor("[2]", "[0,8]", ""), "ST-12", {"8 bytes are missing"});
  expect_refused(tensor("[1]", "[18446744073709551611,18446744073709551615]", "1234"), "ST-14",
                 {"18446744073709551611"});
}

TEST_F(SafetensorsRefusals, ST13_FileCutShortWhileOpen) {
  write_text(path_, tensor("[2]", "[0,8]", "12345678"));
  const SafetensorsFile file = SafetensorsFile::open(path_);
  std::filesystem::resize_file(path_, std::filesystem::file_size(path_) - 3);
  std::vector<float> values(2);
  expect_error([&] { file.read_floats("w.x", values); }, "ST-13", ExitCode::kIo, {"3 more bytes"});
}

TEST_F(SafetensorsRefusals, ST14_HolesOverlapsAndTrailingBytes) {
  const auto two = [](const std::string& second) {
    return raw_safetensors(R"({"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},)"
                           R"("b":{"dtype":"U8","shape":[4],"data_offsets":)" +
                               second + "}}",
                           "123456789");
  };
  expect_refused(tensor("[1]", "[0,4]", "12345"), "ST-14", {"got 5 bytes", "expected 4"});
  expect_refused(tensor("[1]", "[4,8]", "12345678"), "ST-14", {"a hole: begin 4", "begin 0"});
  expect_refused(two("[5,9]"), "ST-14", {":/b/", "a hole: begin 5", "begin 4"});
  expect_refused(two("[3,7]"), "ST-14", {":/b/", "an overlap: begin 3", "begin 4"});
  expect_refused(two("[0,4]"), "ST-14", {":/b/", "an overlap: begin 0", "begin 4"});
}

TEST_F(SafetensorsRefusals, ST18_NamesAreEscapedAndCut) {
  const auto named = [](const std::string& name) {
    return raw_safetensors("{\"" + name + R"(":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}})",
                           "1234");
  };
  expect_refused(named("\\u001b[31m\\u0000\\nerror: forged"), "ST-05", {"\\x1b[31m\\x00\\nerror"});
  expect_refused(named(std::string(1 << 20, 'n')), "ST-05", {"nnn"});
  expect_refused(named("\\ud800"), "ST-03", {"m.safetensors@"});
}

TEST_F(SafetensorsRefusals, ST19_MetadataMustBeStrings) {
  expect_refused(raw_safetensors(R"({"__metadata__":{"n":3}})", ""), "ST-19",
                 {":/__metadata__/n", "got 3"});
  expect_refused(raw_safetensors(R"({"__metadata__":[]})", ""), "ST-19", {":/__metadata__"});
}

}  // namespace
}  // namespace trainer
