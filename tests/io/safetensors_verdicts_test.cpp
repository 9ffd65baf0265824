// P29: what we accept the reference reader accepts, and what was accepted survives being written
// again. The files and the verdicts come from tests/oracle/make_safetensors_verdicts.py.
#include <cstring>
#include <nlohmann/json.hpp>

#include "reference_trainer/io/safetensors.h"
#include "tests/io/files.h"

namespace trainer {
namespace {

using testing::TemporaryDirectory;

std::string bytes_of_hex(const std::string& hex) {
  std::string bytes;
  for (std::size_t i = 0; i < hex.size(); i += 2) {
    bytes += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
  }
  return bytes;
}

// -1 cuts the file at the position, -2 appends a zero byte.
std::string edited(std::string file, const nlohmann::json& edits) {
  for (const auto& edit : edits) {
    const auto position = edit[0].get<std::size_t>();
    const int value = edit[1];
    if (value == -1) {
      file.resize(position);
    } else if (value == -2) {
      file += '\0';
    } else {
      file[position] = static_cast<char>(value);
    }
  }
  return file;
}

// Every float tensor of the file, written to another and read back, keeps its bits.
void expect_survives_rewriting(const SafetensorsFile& file, const TemporaryDirectory& directory) {
  std::vector<std::vector<float>> values;
  std::vector<FloatTensorView> views;
  values.reserve(file.tensors().size());
  for (const auto& [name, info] : file.tensors()) {
    values.emplace_back(static_cast<std::size_t>(info.elements()));
    file.read_floats(name, values.back());
    views.push_back({name, info.shape, values.back()});
  }
  write_safetensors(directory / "again", views, file.metadata());
  const SafetensorsFile again = SafetensorsFile::open(directory / "again");
  EXPECT_EQ(again.metadata(), file.metadata());
  ASSERT_EQ(again.tensors().size(), views.size());
  for (const FloatTensorView& view : views) {
    EXPECT_EQ(again.tensors().at(view.name).shape, view.shape);
    std::vector<float> read(view.values.size());
    again.read_floats(view.name, read);
    EXPECT_TRUE(read.empty() ||
                std::memcmp(read.data(), view.values.data(), read.size() * sizeof(float)) == 0);
  }
}

TEST(SafetensorsVerdicts, P29_WhatIsAcceptedTheReferenceAcceptsAndItSurvivesRewriting) {
  const nlohmann::json golden = nlohmann::json::parse(testing::read_text(
      std::string(ROSTE_SOURCE_DIR) + "/tests/golden/safetensors_verdicts.json"));
  const TemporaryDirectory directory;
  int ours = 0, theirs = 0;
  for (const auto& entry : golden["cases"]) {
    const std::string whole = bytes_of_hex(golden["files"][entry["file"].get<std::size_t>()]);
    testing::write_text(directory / "case", edited(whole, entry["edits"]));
    theirs += entry["accepted"].get<bool>();
    try {
      const SafetensorsFile file = SafetensorsFile::open(directory / "case");
      ASSERT_TRUE(entry["accepted"].get<bool>()) << entry;
      ++ours;
      expect_survives_rewriting(file, directory);
    } catch (const Error&) {
    }
  }
  // Stricter is allowed; refusing everything is not. The reference accepts names and types that we
  // do not read.
  EXPECT_GE(ours, theirs * 3 / 4);
  EXPECT_GE(theirs, 100);
}

}  // namespace
}  // namespace trainer
