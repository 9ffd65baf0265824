#include "reference_trainer/io/safetensors.h"

#include <bit>
#include <cmath>
#include <numeric>
#include <stdexcept>

#include "reference_trainer/io/half.h"
#include "tests/io/files.h"

namespace trainer {
namespace {

using testing::raw_safetensors;
using testing::TemporaryDirectory;
using testing::write_text;

// One tensor "a" of two F32 values.
const std::string kPair = R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})";

class Safetensors : public ::testing::Test {
 protected:
  SafetensorsFile open(const std::string& header, const std::string& data) {
    write_text(path_, raw_safetensors(header, data));
    return SafetensorsFile::open(path_);
  }

  std::vector<float> floats(const SafetensorsFile& file, const std::string& name) {
    std::vector<float> values(static_cast<std::size_t>(file.tensors().at(name).elements()));
    file.read_floats(name, values);
    return values;
  }

  TemporaryDirectory directory_;
  std::filesystem::path path_ = directory_ / "m.safetensors";
};

TEST_F(Safetensors, ReadsLiteralBytes) {
  const SafetensorsFile file = open(kPair, std::string("\0\0\x80\x3f\0\0\0\xc0", 8));
  EXPECT_THAT(floats(file, "a"), ::testing::ElementsAre(1.0f, -2.0f));
  std::vector<std::byte> bytes(8);
  file.read_bytes("a", bytes);
  EXPECT_EQ(bytes[3], std::byte{0x3f});
}

TEST_F(Safetensors, ST15_BlanksAroundTheHeaderAreAccepted) {
  EXPECT_EQ(open("  " + kPair + " \n\t ", std::string(8, '\0')).tensors().size(), 1u);
}

TEST_F(Safetensors, ST16_EmptyFileZeroSizeTensorAndScalar) {
  EXPECT_TRUE(open("{}", "").tensors().empty());
  const SafetensorsFile file = open(R"({"none":{"dtype":"F32","shape":[0,7],"data_offsets":[0,0]},)"
                                    R"("one":{"dtype":"F32","shape":[],"data_offsets":[0,4]},)"
                                    R"("end":{"dtype":"F16","shape":[3,0],"data_offsets":[4,4]}})",
                                    std::string("\0\0\x80\x3f", 4));
  EXPECT_THAT(floats(file, "one"), ::testing::ElementsAre(1.0f));
  EXPECT_TRUE(floats(file, "none").empty());
  EXPECT_TRUE(floats(file, "end").empty());
}

TEST_F(Safetensors, MetadataIsRead) {
  EXPECT_EQ(open(R"({"__metadata__":{"format":"pt"}})", "").metadata().at("format"), "pt");
}

// Every finite pattern against sign * mantissa * 2^exponent, computed by ldexp.
TEST_F(Safetensors, ST27_AllF16Patterns) {
  for (int bits = 0; bits < 65536; ++bits) {
    const float got = float_from_f16(static_cast<std::uint16_t>(bits));
    const int exponent = (bits >> 10) & 31, mantissa = bits & 1023;
    const double sign = bits & 0x8000 ? -1 : 1;
    if (exponent == 31 && mantissa != 0) {
      ASSERT_TRUE(std::isnan(got)) << bits;
      continue;
    }
    const double expected = exponent == 31  ? sign * INFINITY
                            : exponent == 0 ? sign * std::ldexp(mantissa, -24)
                                            : sign * std::ldexp(1024 + mantissa, exponent - 25);
    ASSERT_EQ(std::bit_cast<std::uint32_t>(got),
              std::bit_cast<std::uint32_t>(static_cast<float>(expected)))
        << bits;
  }
}

TEST_F(Safetensors, ST27_AllBf16PatternsThroughAFile) {
  std::vector<std::uint16_t> patterns(65536);
  std::iota(patterns.begin(), patterns.end(), 0);
  const std::string data(reinterpret_cast<const char*>(patterns.data()), 131072);
  const SafetensorsFile file =
      open(R"({"a":{"dtype":"BF16","shape":[65536],"data_offsets":[0,131072]}})", data);
  const std::vector<float> values = floats(file, "a");
  for (std::uint32_t bits = 0; bits < 65536; ++bits) {
    ASSERT_EQ(std::bit_cast<std::uint32_t>(values[bits]), bits << 16) << bits;
  }
}

// More elements than one piece of the reader holds, not a multiple of it, and without a period that
// a piece read from the wrong place could share.
TEST_F(Safetensors, ST27_F16TensorsOfManyPieces) {
  std::vector<std::uint16_t> halves(3 * 65536 + 17);
  for (std::uint32_t i = 0; i < halves.size(); ++i) {
    halves[i] = static_cast<std::uint16_t>((i * 2654435761u >> 16) & 0xbbff);  // never infinity
  }
  const std::string data(reinterpret_cast<const char*>(halves.data()), 2 * halves.size());
  const SafetensorsFile file =
      open(R"({"a":{"dtype":"F16","shape":[196625],"data_offsets":[0,393250]}})", data);
  const std::vector<float> values = floats(file, "a");
  for (std::size_t i = 0; i < halves.size(); ++i) {
    ASSERT_EQ(values[i], float_from_f16(halves[i])) << i;
  }
}

TEST_F(Safetensors, RoundTripKeepsOrderNamesAndBits) {
  const std::vector<float> first = {1.5f, -0.0f, 1e-45f, INFINITY, 3.4e38f, -7.0f};
  const std::vector<float> second = {42.0f};
  const std::vector<FloatTensorView> tensors = {
      {"z.weight", {2, 3}, first}, {"a/\"quoted\"\n", {}, second}, {"empty", {0, 5}, {}}};
  write_safetensors(path_, tensors, {{"format", "pt"}});
  const SafetensorsFile file = SafetensorsFile::open(path_);
  EXPECT_EQ(file.metadata().at("format"), "pt");
  EXPECT_EQ(file.tensors().size(), 3u);
  EXPECT_EQ(file.tensors().at("z.weight").begin, 0u);  // the order given, not that of the names
  EXPECT_THAT(file.tensors().at("z.weight").shape, ::testing::ElementsAre(2, 3));
  const std::vector<float> read = floats(file, "z.weight");
  for (std::size_t i = 0; i < first.size(); ++i) {
    EXPECT_EQ(std::bit_cast<std::uint32_t>(read[i]), std::bit_cast<std::uint32_t>(first[i]));
  }
  EXPECT_EQ(floats(file, tensors[1].name), second);
  EXPECT_EQ(testing::read_text(path_)[0] % 8, 0) << "the data section must start on 8 bytes";
}

TEST_F(Safetensors, WriterRefusesWhatDoesNotFit) {
  const std::vector<float> values(6);
  const std::vector<FloatTensorView> wrong_shape = {{"a", {2, 2}, values}};
  EXPECT_THROW(write_safetensors(path_, wrong_shape, {}), std::invalid_argument);
  const std::vector<FloatTensorView> twice = {{"a", {6}, values}, {"a", {6}, values}};
  EXPECT_THROW(write_safetensors(path_, twice, {}), std::invalid_argument);
  EXPECT_FALSE(std::filesystem::exists(path_)) << "nothing may be written before the checks";
}

TEST_F(Safetensors, WriteErrorsNameFileAndByte) {
  const std::vector<float> values(6);
  const std::vector<FloatTensorView> tensors = {{"a", {6}, values}};
  testing::expect_error([&] { write_safetensors("/dev/full", tensors, {}); }, "IO-02",
                        ExitCode::kIo, {"/dev/full@0", "No space left"});
}

TEST_F(Safetensors, ReadingIntoAWrongBufferThrows) {
  const SafetensorsFile file = open(kPair, std::string(8, '\0'));
  std::vector<float> three(3);
  EXPECT_THROW(file.read_floats("a", three), std::invalid_argument);
  testing::expect_error([&] { file.read_floats("b", three); }, "ST-23", ExitCode::kBadInput,
                        {"\"b\""});
}

}  // namespace
}  // namespace trainer
