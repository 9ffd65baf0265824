#include "reference_trainer/io/json.h"
#include "reference_trainer/io/exact_json.h"

#include <sys/stat.h>

#include "tests/io/files.h"

namespace trainer {
namespace {

using testing::expect_error;

const JsonOrigin kOrigin = {
    .where = "a/b.json", .code = "CF-01", .depth_code = "CF-03", .duplicate_code = "CF-10"};

void expect_malformed(const std::string& text, const std::string& place) {
  expect_error([&] { parse_json(text, kOrigin); }, "CF-01", ExitCode::kBadInput, {place});
}

TEST(Json, CF01_PositionsOfSyntaxErrors) {
  expect_malformed("", "a/b.json:1:1: got an empty text");
  expect_malformed("\xef\xbb\xbf", "a/b.json:1:1");
  expect_malformed("{\"a\": 1,}", "a/b.json:1:9");
  expect_malformed("{\r\n  \"a\": nul\r\n}", "a/b.json:2:11");
  expect_malformed("{\n\n\"a\": [1, NaN]}", "a/b.json:3:10");
  expect_malformed("{} x", "a/b.json:1:4");
  expect_malformed("{\"a\": 1", "a/b.json:1:");
  expect_malformed(std::string("\xff\xfe{\0}\0", 6), "a/b.json:1:1");  // UTF-16
  expect_malformed("[1e400]", "a/b.json:1:");
}

TEST(Json, CF01_ByteOrderMarkAndCrlfAreAccepted) {
  EXPECT_EQ(parse_json("\xef\xbb\xbf{\r\n\"a\": 1\r\n}\r\n", kOrigin)["a"], 1);
}

TEST(Json, InvalidUtf8IsRejectedAndEscaped) {
  expect_malformed("{\"\xff\": 1}", "a/b.json:1:3");
  expect_malformed("[\"\xc0\xaf\"]", "a/b.json:1:");
  expect_malformed("[\"\\ud800\"]", "a/b.json:1:");
}

TEST(Json, CF03_NestingIsLimitedTo64) {
  const auto nested = [](std::size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
  };
  EXPECT_NO_THROW(parse_json(nested(64), kOrigin));
  expect_error([&] { parse_json(nested(65), kOrigin); }, "CF-03", ExitCode::kBadInput,
               {"a/b.json:1:65", "65 levels", "at most 64"});
  expect_error([&] { parse_json(std::string(1000000, '['), kOrigin); }, "CF-03",
               ExitCode::kBadInput, {"a/b.json:1:65"});
}

TEST(Json, CF10_DuplicateKeysAreNamedAtAnyDepth) {
  expect_error([&] { parse_json("{\"a\": 1,\n\"a\": 2}", kOrigin); }, "CF-10", ExitCode::kBadInput,
               {"a/b.json:2:3", "\"a\" twice"});
  expect_error([&] { parse_json("[{\"x\": {\"b\": 1, \"c\": [], \"b\": 1}}]", kOrigin); }, "CF-10",
               ExitCode::kBadInput, {"\"b\" twice"});
  EXPECT_NO_THROW(parse_json("[{\"a\": {\"a\": 1}}, {\"a\": 2}]", kOrigin));
}

TEST(Json, PositionsAsBytesOfTheFile) {
  JsonOrigin origin = kOrigin;
  origin.position = JsonPosition::kByte;
  origin.first_byte = 8;
  expect_error([&] { parse_json("{\n,", origin); }, "CF-01", ExitCode::kBadInput, {"a/b.json@10"});
}

TEST(Json, LongNamesAreCutInMessages) {
  const std::string text = "{\"" + std::string(1 << 20, 'n') + "\": 1, }";
  expect_malformed(text, "a/b.json:1:");
  const std::string twice =
      "{\"" + std::string(5000, 'n') + "\": 1, \"" + std::string(5000, 'n') + "\": 1}";
  expect_error([&] { parse_json(twice, kOrigin); }, "CF-10", ExitCode::kBadInput, {"5000 bytes"});
}

TEST(ExactJson, IntegersStayWhatTheyAre) {
  const auto integer = [](const char* text) {
    return exactly<std::int32_t>(nlohmann::json::parse(text));
  };
  EXPECT_EQ(integer("2147483647"), 2147483647);
  EXPECT_EQ(integer("-2147483648"), -2147483647 - 1);
  for (const char* text : {"2147483648", "-2147483649", "18446744073709551615", "4.0", "4.9",
                           "1e300", "true", "null", "\"4\"", "[4]"}) {
    EXPECT_EQ(integer(text), std::nullopt) << text;
  }
  EXPECT_EQ(exactly<std::uint64_t>(nlohmann::json::parse("18446744073709551615")),
            ~std::uint64_t{0});
  EXPECT_EQ(exactly<std::uint64_t>(nlohmann::json(-1)), std::nullopt);
}

TEST(ExactJson, NumbersStayFinite) {
  EXPECT_EQ(exactly<float>(nlohmann::json(3)), 3.0f);
  EXPECT_EQ(exactly<float>(nlohmann::json(0.5)), 0.5f);
  EXPECT_EQ(exactly<float>(nlohmann::json(1e300)), std::nullopt);
  EXPECT_EQ(exactly<double>(nlohmann::json(1e300)), 1e300);
  EXPECT_EQ(exactly<float>(nlohmann::json(true)), std::nullopt);
  EXPECT_EQ(exactly<std::string>(nlohmann::json("x")), "x");
  EXPECT_THROW(exactly<std::string>(nlohmann::json(3)), nlohmann::json::exception);
}

TEST(Json, PointerStepsAreEscaped) { EXPECT_EQ(pointer_step("a/b~c"), "/a~1b~0c"); }

TEST(ReadFile, ReadsEveryByte) {
  const testing::TemporaryDirectory directory;
  std::string contents("a\0b\r\n\xff", 6);
  testing::write_text(directory / "f", contents);
  EXPECT_EQ(read_file(directory / "f"), contents);
}

TEST(ReadFile, RefusesWhatIsNotAFile) {
  const testing::TemporaryDirectory directory;
  expect_error([&] { read_file(directory / "none", "CF-01"); }, "CF-01", ExitCode::kBadInput,
               {"none", "no such file"});
  expect_error([&] { read_file(directory.path()); }, "IO-01", ExitCode::kBadInput, {"a directory"});
  ASSERT_EQ(::mkfifo((directory / "pipe").c_str(), 0600), 0);
  expect_error([&] { read_file(directory / "pipe"); }, "IO-01", ExitCode::kBadInput, {"a FIFO"});
  expect_error([&] { read_file("/dev/zero"); }, "IO-01", ExitCode::kBadInput, {"a device"});
}

}  // namespace
}  // namespace trainer
