// Rotations that no seed describes lie beside the model that they were merged into.
#include <cmath>
#include <cstdint>
#include <nlohmann/json.hpp>

#include "reference_trainer/io/safetensors.h"
#include "tests/program/program.h"

namespace trainer::test {
namespace {

using nlohmann::json;

constexpr std::int64_t kWidth = 32, kHead = 8;  // of tiny_base()
constexpr const char* kFile = "dense_rotations.safetensors";

std::vector<float> tensor(const fs::path& file, const std::string& name) {
  const SafetensorsFile open = SafetensorsFile::open(file);
  std::vector<float> values(static_cast<std::size_t>(open.tensors().at(name).elements()));
  open.read_floats(name, values);
  return values;
}

// The matrix of a file of dense rotations: the sum of its three parts.
std::vector<double> matrix(const fs::path& model, const std::string& name, std::int64_t size) {
  const std::vector<float> parts = tensor(model / kFile, name);
  const auto count = static_cast<std::size_t>(size * size);
  EXPECT_EQ(parts.size(), 3 * count);
  std::vector<double> sum(count);
  for (std::size_t i = 0; i < parts.size(); ++i) sum[i % count] += static_cast<double>(parts[i]);
  return sum;
}

double largest_defect(const std::vector<double>& r, std::int64_t size) {
  double largest = 0;
  for (std::int64_t i = 0; i < size; ++i) {
    for (std::int64_t j = 0; j < size; ++j) {
      double sum = i == j ? -1 : 0;
      for (std::int64_t k = 0; k < size; ++k)
        sum +=
            r[static_cast<std::size_t>(k * size + i)] * r[static_cast<std::size_t>(k * size + j)];
      largest = std::max(largest, std::abs(sum));
    }
  }
  return largest;
}

void make(const fs::path& out, const Words& command) {
  Words words = command;
  for (const std::string& word : {std::string("--model_name_or_path"), tiny_model().string(),
                                  std::string("--output_dir"), out.string()})
    words.push_back(word);
  const Outcome made = run_program(words);
  EXPECT_EQ(made.exit_code, 0) << made.err;
}

constexpr const char* kEmbedding = "model.embed_tokens.weight";

// max |E_rotated - E R1| / max |E|; the embedding E is folded and never quantized.
double difference_from(const fs::path& folded, const fs::path& rotated) {
  const std::vector<float> e = tensor(folded / "model.safetensors", kEmbedding);
  const std::vector<float> er = tensor(rotated / "model.safetensors", kEmbedding);
  const std::vector<double> r1 = matrix(rotated, "r1", kWidth);
  EXPECT_LT(largest_defect(r1, kWidth), 1e-12);
  double largest = 0, size = 0;
  for (std::size_t i = 0; i < e.size(); ++i) {
    const std::size_t row = i / kWidth * kWidth, column = i % kWidth;
    double sum = 0;
    for (std::size_t k = 0; k < kWidth; ++k)
      sum += static_cast<double>(e[row + k]) * r1[k * kWidth + column];
    largest = std::max(largest, std::abs(sum - static_cast<double>(er[i])));
    size = std::max(size, std::abs(static_cast<double>(e[i])));
  }
  return largest / size;
}

// One rounding to float of a value below the row's norm: 2^-24 sqrt(32).
constexpr double kOneRounding = 4e-7;

TEST(DenseRotations, OfRotateLieBesideTheModel) {
  const Scratch scratch;
  make(scratch / "folded", {"rotate", "--rotations", "0000"});
  EXPECT_FALSE(fs::exists(scratch / "folded" / kFile));
  make(scratch / "random", {"rotate", "--rotate_mode", "random", "--rotation_seed", "4"});
  EXPECT_LT(difference_from(scratch / "folded", scratch / "random"), kOneRounding);
  make(scratch / "other", {"rotate", "--rotate_mode", "random", "--rotation_seed", "5"});
  EXPECT_NE(matrix(scratch / "random", "r1", kWidth), matrix(scratch / "other", "r1", kWidth));
  make(scratch / "without", {"rotate", "--rotate_mode", "random", "--rotations", "0111"});
  EXPECT_FALSE(fs::exists(scratch / "without" / kFile)) << "R1 is not rotated";
}

TEST(DenseRotations, ThatSpinQuantLearnedLieBesideTheModel) {
  const Scratch scratch;
  const auto learn = [&](const char* name, const char* steps) {
    make(scratch / name, {"quantize", "--method", "spinquant", "--dataset", tiny_data("train"),
                          "--calibration_samples", "8", "--spinquant_steps", steps});
  };
  make(scratch / "folded", {"rotate", "--rotations", "0000"});
  learn("learned", "4");
  learn("longer", "5");
  EXPECT_LT(difference_from(scratch / "folded", scratch / "learned"), kOneRounding);
  for (const char* name : {"layers.0.r2", "layers.1.r2"}) {
    const std::vector<double> r2 = matrix(scratch / "learned", name, kHead);
    EXPECT_LT(largest_defect(r2, kHead), 1e-12);
    EXPECT_NE(r2, matrix(scratch / "longer", name, kHead));
  }
}

TEST(DenseRotations, OtherMethodsHaveNone) {
  const Scratch scratch;
  make(scratch / "rtn", {"quantize", "--rotations", "1111"});
  EXPECT_FALSE(fs::exists(scratch / "rtn" / kFile));
}

}  // namespace
}  // namespace trainer::test
