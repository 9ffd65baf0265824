// Weights packed by other programs (tests/oracle/make_packed_weights_golden.py).
#include "roste/core/import_weights.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <fstream>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

namespace roste {
namespace {

using nlohmann::json;
using Words = std::vector<std::int32_t>;

json golden(const char* format) {
  std::ifstream file(ROSTE_SOURCE_DIR "/tests/golden/packed_weights.json");
  return json::parse(file).at(format);
}

template <class Scale>
std::vector<Scale> scales_of(const json& bits) {
  std::vector<Scale> scales;
  for (const json& b : bits) scales.push_back({b.get<std::uint16_t>()});
  return scales;
}

// The tensors of a case, and the weight that points to them.
template <class Scale>
struct CompressedTensorsCase {
  explicit CompressedTensorsCase(const json& c)
      : packed(c.at("weight_packed")),
        zeros(c.at("weight_zero_point")),
        scale(scales_of<Scale>(c.at("weight_scale"))),
        bits(c.at("bits")),
        out(c.at("out")),
        in(c.at("in")) {}
  CompressedTensorsWeight<Scale> weight() const {
    return {bits, out, in, packed, scale, zeros, {}};
  }
  Words packed, zeros;
  std::vector<Scale> scale;
  int bits;
  std::int64_t out, in;
};

struct GptqCase {
  explicit GptqCase(const json& c)
      : qweight(c.at("qweight")),
        qzeros(c.at("qzeros")),
        g_idx(c.at("g_idx")),
        scales(scales_of<Half>(c.at("scales"))),
        bits(c.at("bits")),
        format(c.at("version") == 1 ? GptqFormat::kV1 : GptqFormat::kV2),
        out(c.at("out")),
        in(c.at("in")) {}
  GptqWeight<Half> weight() const {
    return {bits, format, out, in, qweight, qzeros, scales, g_idx};
  }
  Words qweight, qzeros, g_idx;
  std::vector<Half> scales;
  int bits;
  GptqFormat format;
  std::int64_t out, in;
};

// Codes, and values rounded once to the type that the other program computes in.
template <class Stored>
void expect_matrix(const PackedMatrix& m, const json& c) {
  SCOPED_TRACE(c.at("name"));
  std::vector<std::int16_t> codes(static_cast<std::size_t>(m.rows * m.cols));
  unpack_matrix(m, std::span<std::int16_t>(codes));
  ASSERT_EQ(codes, c.at("codes").get<std::vector<std::int16_t>>());
  const GroupLayout layout = group_layout(m.scheme.grouping, m.rows, m.cols);
  ASSERT_EQ(layout.groups_per_row, c.at("groups"));
  for (std::int64_t i = 0; i < m.rows * m.cols; ++i) {
    const std::int64_t g = i / m.cols * layout.groups_per_row + i % m.cols / layout.run;
    const float value =
        decode(codes[static_cast<std::size_t>(i)], m.params[static_cast<std::size_t>(g)]);
    ASSERT_EQ(to_float(from_float<Stored>(value)),
              c.at("values")[static_cast<std::size_t>(i)].get<float>())
        << i;
  }
}

TEST(ImportCompressedTensors, CodesAndValuesAreThoseOfItsOwnLibrary) {
  const json cases = golden("compressed_tensors");
  ASSERT_EQ(cases.size(), 8u);
  for (const json& c : cases) {
    if (c.at("scale_type") == "bfloat16") {
      expect_matrix<BFloat16>(
          import_compressed_tensors(CompressedTensorsCase<BFloat16>(c).weight()), c);
    } else {
      expect_matrix<Half>(import_compressed_tensors(CompressedTensorsCase<Half>(c).weight()), c);
    }
  }
}

TEST(ImportCompressedTensors, OneScaleForAllIsPerTensor) {
  const Words packed = {static_cast<std::int32_t>(0x00000f80), 0x00000078};  // [2, 3] codes
  const std::vector<float> scale = {0.5f};
  const PackedMatrix m =
      import_compressed_tensors(CompressedTensorsWeight<float>{4, 2, 3, packed, scale, {}, {}});
  EXPECT_EQ(m.scheme.grouping.kind, Grouping::Kind::kTensor);
  std::vector<std::int8_t> codes(6);
  unpack_matrix(m, std::span<std::int8_t>(codes));
  EXPECT_EQ(codes, (std::vector<std::int8_t>{-8, 0, 7, 0, -1, -8}));
}

TEST(ImportCompressedTensors, TensorsThatDoNotFitAreRefused) {
  const CompressedTensorsCase<BFloat16> good(
      golden("compressed_tensors")[2]);  // 9 x 32, groups of 16
  const auto refuses = [](CompressedTensorsWeight<BFloat16> w) {
    EXPECT_THROW(import_compressed_tensors(w), std::invalid_argument);
  };
  auto w = good.weight();
  w.bits = 5;
  refuses(w);
  for (const int bits : {0, 9, -1, 64}) {
    w = good.weight();
    w.bits = bits;
    refuses(w);
  }
  w = good.weight();
  w.in = 40;
  refuses(w);
  w = good.weight();
  w.out = 0;
  refuses(w);
  w = good.weight();
  w.out = std::int64_t{1} << 62;
  refuses(w);
  w = good.weight();
  w.weight_scale = w.weight_scale.first(17);
  refuses(w);
  w = good.weight();
  w.weight_scale = {};
  refuses(w);
  w = good.weight();
  w.weight_zero_point = w.weight_zero_point.first(3);
  refuses(w);
  w = good.weight();
  w.weight_packed = w.weight_packed.first(35);
  refuses(w);

  Words order(32, 0);
  for (std::size_t i = 16; i < 32; ++i) order[i] = 1;
  w = good.weight();
  w.weight_g_idx = order;
  EXPECT_NO_THROW(import_compressed_tensors(w));
  std::swap(order[3], order[20]);
  refuses(w);
  w.weight_g_idx = w.weight_g_idx.first(31);
  refuses(w);

  CompressedTensorsCase<BFloat16> zero_scale = good;
  zero_scale.scale[4] = {0};
  refuses(zero_scale.weight());
}

// Before compressed-tensors packed densely, a word held ten codes of 3 bits.
TEST(ImportCompressedTensors, WordsWithGapsAreRefused) {
  const Words dense(3), gaps(4);
  const std::vector<float> scale = {0.5f};
  CompressedTensorsWeight<float> w{3, 1, 32, dense, scale, {}, {}};
  EXPECT_NO_THROW(import_compressed_tensors(w));
  w.weight_packed = gaps;
  EXPECT_THROW(import_compressed_tensors(w), std::invalid_argument);
}

TEST(ImportCompressedTensors, BitsBehindARowAreRefused) {
  CompressedTensorsCase<Half> c(golden("compressed_tensors")[4]);  // 2 x 7 codes of 8 bits
  c.packed[1] |= 1 << 24;
  EXPECT_THROW(import_compressed_tensors(c.weight()), std::invalid_argument);
  CompressedTensorsCase<BFloat16> cut(golden("compressed_tensors")[7]);  // 13 codes of 5 bits: 65
  cut.packed[2] |= 2;
  EXPECT_THROW(import_compressed_tensors(cut.weight()), std::invalid_argument);
}

TEST(ImportGptq, CodesAndValuesAreThoseThatWerePacked) {
  const json cases = golden("gptq");
  ASSERT_EQ(cases.size(), 5u);
  for (const json& c : cases) expect_matrix<float>(import_gptq(GptqCase(c).weight()), c);
}

TEST(ImportGptq, VersionsDifferByOneZeroPoint) {
  GptqCase c(golden("gptq")[0]);
  const PackedMatrix v2 = import_gptq(c.weight());
  for (std::int32_t& word : c.qzeros) word = 0;
  EXPECT_EQ(import_gptq(c.weight()).params[0].zero, 0);
  c.format = GptqFormat::kV1;
  EXPECT_EQ(import_gptq(c.weight()).params[0].zero, 1);
  c.qzeros[0] = 0x0000000f;  // 0 or 16: programs disagree
  EXPECT_THROW(import_gptq(c.weight()), std::invalid_argument);
  EXPECT_EQ(v2.scheme.grid.rule, RangeRule::kZeroIncluded);
}

TEST(ImportGptq, TensorsThatDoNotFitAreRefused) {
  const GptqCase good(golden("gptq")[0]);  // 8 x 16, groups of 8
  const auto refuses = [](const GptqWeight<Half>& w) {
    EXPECT_THROW(import_gptq(w), std::invalid_argument);
  };
  for (const int bits : {0, 1, 5, 6, 7, 9}) {
    auto w = good.weight();
    w.bits = bits;
    refuses(w);
  }
  auto w = good.weight();
  w.qweight = w.qweight.first(15);
  refuses(w);
  w = good.weight();
  w.qzeros = w.qzeros.first(1);
  refuses(w);
  w = good.weight();
  w.scales = w.scales.first(15);
  refuses(w);
  w = good.weight();
  w.scales = {};
  refuses(w);
  w = good.weight();
  w.in = 17;
  refuses(w);
  GptqCase sorted = good;
  std::swap(sorted.g_idx[0], sorted.g_idx[15]);
  refuses(sorted.weight());
  sorted.g_idx[0] = -1;
  refuses(sorted.weight());
  w = good.weight();
  w.g_idx = {};
  EXPECT_NO_THROW(import_gptq(w));
}

}  // namespace
}  // namespace roste
