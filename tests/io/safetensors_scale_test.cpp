// Safetensors files of sizes that other tests do not reach.
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <chrono>
#include <cstring>

#include "reference_trainer/io/safetensors.h"
#include "tests/io/files.h"

namespace trainer {
namespace {

using testing::expect_error;
using testing::raw_safetensors;
using testing::TemporaryDirectory;
using testing::write_text;

// 10^6 entries that all claim the same bytes, 62 MB of header: refused in one pass.
TEST(SafetensorsScale, ST17_ManyEntriesWithTheSameOffsets) {
  const TemporaryDirectory directory;
  std::string header = "{";
  for (int i = 0; i < 1'000'000; ++i) {
    header += (i == 0 ? "\"t" : ",\"t") + std::to_string(i) +
              R"(":{"dtype":"F32","shape":[1],"data_offsets":[0,4]})";
  }
  const auto path = directory / "m.safetensors";
  write_text(path, raw_safetensors(header + "}", "1234"));
  const auto start = std::chrono::steady_clock::now();
  expect_error([&] { SafetensorsFile::open(path); }, "ST-14", ExitCode::kBadInput, {"overlap"});
  const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
  EXPECT_LT(taken.count(), static_cast<double>(header.size()) / (1 << 20));  // 1 s/MiB
}

TEST(SafetensorsScale, ST10_AMillionDimensions) {
  const TemporaryDirectory directory;
  const auto path = directory / "m.safetensors";
  std::string shape = "1";
  for (int i = 1; i < 1'000'000; ++i) shape += ",1";
  write_text(path, raw_safetensors("{\"a\":{\"dtype\":\"F32\",\"shape\":[" + shape +
                                       "],\"data_offsets\":[0,4]}}",
                                   "1234"));
  expect_error([&] { SafetensorsFile::open(path); }, "ST-10", ExitCode::kBadInput,
               {"1000000 dimensions"});
}

TEST(SafetensorsScale, ST26_DataAtAnyByte) {
  const TemporaryDirectory directory;
  const auto path = directory / "m.safetensors";
  const std::string entry = R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})";
  for (std::size_t blanks = 0; blanks < 8; ++blanks) {
    write_text(path, raw_safetensors(entry + std::string(blanks, ' '),
                                     std::string("\0\0\x80\x3f\0\0\0\xc0", 8)));
    std::vector<float> values(2);
    SafetensorsFile::open(path).read_floats("a", values);
    EXPECT_THAT(values, ::testing::ElementsAre(1.0f, -2.0f)) << blanks;
  }
  // A tensor of floats behind one of three bytes.
  write_text(path, raw_safetensors(R"({"b":{"dtype":"U8","shape":[3],"data_offsets":[0,3]},)"
                                   R"("f":{"dtype":"F32","shape":[1],"data_offsets":[3,7]}})",
                                   std::string("xyz\0\0\x80\x3f", 7)));
  std::vector<float> one(1);
  SafetensorsFile::open(path).read_floats("f", one);
  EXPECT_EQ(one[0], 1.0f);
}

// A hole of 5 GiB in the file, not on the disk, then two values.
TEST(SafetensorsScale, ST26_BeyondFourGibibytes) {
  const TemporaryDirectory directory;
  const auto path = directory / "m.safetensors";
  const std::uint64_t hole = std::uint64_t{5} << 30;
  const std::string begin = std::to_string(hole), end = std::to_string(hole + 8);
  const std::string head =
      raw_safetensors("{\"big\":{\"dtype\":\"U8\",\"shape\":[" + begin + "],\"data_offsets\":[0," +
                          begin + "]},\"z\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[" +
                          begin + "," + end + "]}}",
                      "");
  write_text(path, head);
  std::filesystem::resize_file(path, head.size() + hole);
  std::ofstream(path, std::ios::binary | std::ios::app) << std::string("\0\0\x80\x3f\0\0\0\xc0", 8);
  const SafetensorsFile file = SafetensorsFile::open(path);
  EXPECT_EQ(file.tensors().at("big").elements(), static_cast<std::int64_t>(hole));
  std::vector<float> values(2);
  file.read_floats("z", values);
  EXPECT_THAT(values, ::testing::ElementsAre(1.0f, -2.0f));
  file.read_floats("z", 1, std::span(values).first(1));
  EXPECT_EQ(values[0], -2.0f);
}

// A caller may have mapped the file that it writes over: what it mapped stays what it was.
TEST(SafetensorsScale, ST28_AMappedSourceMayBeWrittenOver) {
  const TemporaryDirectory directory;
  const auto path = directory / "m.safetensors";
  const std::vector<float> first(4096, 1.5f);
  const std::vector<FloatTensorView> tensors = {{"a", {4096}, first}};
  write_safetensors(path, tensors, {});
  const std::string before = testing::read_text(path);
  const int descriptor = ::open(path.c_str(), O_RDONLY);
  ASSERT_GE(descriptor, 0);
  void* mapped = ::mmap(nullptr, before.size(), PROT_READ, MAP_SHARED, descriptor, 0);
  ASSERT_NE(mapped, MAP_FAILED);
  const auto* values = static_cast<const char*>(mapped) + (before.size() - 4 * first.size());
  ASSERT_EQ(reinterpret_cast<std::uintptr_t>(values) % alignof(float), 0u);
  const std::vector<FloatTensorView> again = {
      {"a", {4096}, {reinterpret_cast<const float*>(values), first.size()}}};
  write_safetensors(path, again, {});
  EXPECT_EQ(testing::read_text(path), before);
  ::munmap(mapped, before.size());
  ::close(descriptor);
}

}  // namespace
}  // namespace trainer
