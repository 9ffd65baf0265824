#include "reference_trainer/ops/eight_bit_adam.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "reference_trainer/ops/adamw_values.h"
#include "reference_trainer/ops/cpu_chunks.h"

namespace trainer {
namespace {

enum class Signs { kBoth, kPositive };

MomentCodebook make_codebook(Signs signs) {
  std::vector<double> values = {0, 1};
  for (int decade = 0; decade < 7; ++decade) {
    const int parts = signs == Signs::kBoth ? 1 << decade : 2 << decade;
    for (int part = 0; part < parts; ++part) {
      const double middle = 0.1 + 0.9 * (part + 0.5) / parts;
      const double value = middle * std::pow(10.0, decade - 6);
      values.push_back(value);
      if (signs == Signs::kBoth) values.push_back(-value);
    }
  }
  std::sort(values.begin(), values.end());
  MomentCodebook codebook;
  std::copy(values.begin(), values.end(), codebook.begin());
  return codebook;
}

// borders[c]: values above it have codes above c. Border 0 of positive values is 0 itself.
struct Rounding {
  explicit Rounding(const MomentCodebook& codebook) : values(codebook) {
    for (std::size_t c = 0; c + 1 < codebook.size(); ++c)
      borders[c] = codebook[c] + (codebook[c + 1] - codebook[c]) / 2;
    if (codebook[0] == 0) borders[0] = 0;
    zero = static_cast<std::uint8_t>(std::ranges::find(codebook, 0.0f) - codebook.begin());
  }
  const MomentCodebook& values;
  std::array<float, 255> borders;
  std::uint8_t zero;  // the code of 0
};

const Rounding& rounding_of(const MomentCodebook& codebook) {
  static const Rounding first(signed_codebook()), second(unsigned_codebook());
  return &codebook == &first.values ? first : second;
}

// A block of one moment.
struct Block {
  std::uint8_t* codes;
  float* largest;
};

void decode_block(const MomentCodebook& codebook, const std::uint8_t* codes, float largest,
                  std::int64_t count, float* values) {
  for (std::int64_t i = 0; i < count; ++i) values[i] = codebook[codes[i]] * largest;
}

// Binary searches side by side, without branches: codes of 8 bits in 8 comparisons.
void encode_block(const Rounding& rounding, const float* values, std::int64_t count,
                  const Block& block) {
  float largest = 0;
  for (std::int64_t i = 0; i < count; ++i) largest = std::max(largest, std::fabs(values[i]));
  *block.largest = largest;
  if (largest == 0) {
    std::fill_n(block.codes, count, rounding.zero);
    return;
  }
  std::int32_t found[kMomentBlock] = {};
  for (int step = 128; step > 0; step /= 2) {
    for (std::int64_t i = 0; i < count; ++i) {
      const bool above = values[i] / largest > rounding.borders[found[i] + step - 1];
      found[i] += above ? step : 0;
    }
  }
  for (std::int64_t i = 0; i < count; ++i) block.codes[i] = static_cast<std::uint8_t>(found[i]);
}

std::int64_t blocks_of(std::int64_t size) { return (size + kMomentBlock - 1) / kMomentBlock; }

// body(block, first value, values) for every block, a few per task.
template <class Body>
void for_each_block(Cpu& cpu, std::int64_t size, const Body& body) {
  for_chunks(cpu, blocks_of(size), kValuesPerChunk / kMomentBlock,
             [&](std::int64_t begin, std::int64_t end) {
               for (std::int64_t b = begin; b < end; ++b) {
                 const std::int64_t first = b * kMomentBlock;
                 body(b, first, std::min(kMomentBlock, size - first));
               }
             });
}

Block block_of(CodedMoment<Cpu>& moment, std::int64_t block, std::int64_t first) {
  return {moment.codes.data() + first, moment.largest.data() + block};
}

}  // namespace

const MomentCodebook& signed_codebook() {
  static const MomentCodebook codebook = make_codebook(Signs::kBoth);
  return codebook;
}

const MomentCodebook& unsigned_codebook() {
  static const MomentCodebook codebook = make_codebook(Signs::kPositive);
  return codebook;
}

void reset_moment(Cpu& cpu, const MomentCodebook& codebook, std::int64_t rows, std::int64_t cols,
                  CodedMoment<Cpu>& moment) {
  moment.codes.reshape(cpu, rows, cols);
  moment.largest.reshape(cpu, 1, blocks_of(rows * cols));
  std::fill_n(moment.codes.data(), moment.codes.size(), rounding_of(codebook).zero);
  std::fill_n(moment.largest.data(), moment.largest.size(), 0.0f);
}

void decode_moment(Cpu& cpu, const MomentCodebook& codebook, const CodedMoment<Cpu>& moment,
                   Tensor<Cpu>& values) {
  values.reshape(cpu, moment.codes.rows(), moment.codes.cols());
  for_each_block(cpu, values.size(), [&](std::int64_t b, std::int64_t first, std::int64_t count) {
    decode_block(codebook, moment.codes.data() + first, moment.largest.data()[b], count,
                 values.data() + first);
  });
}

void encode_moment(Cpu& cpu, const MomentCodebook& codebook, const Tensor<Cpu>& values,
                   CodedMoment<Cpu>& moment) {
  reset_moment(cpu, codebook, values.rows(), values.cols(), moment);
  const Rounding& rounding = rounding_of(codebook);
  for_each_block(cpu, values.size(), [&](std::int64_t b, std::int64_t first, std::int64_t count) {
    encode_block(rounding, values.data() + first, count, block_of(moment, b, first));
  });
}

void adamw_update(Cpu& cpu, const AdamWStep& settings, const Tensor<Cpu>& g,
                  const EightBitMoments<Cpu>& state, Tensor<Cpu>& w) {
  require_same_shape("adamw_update: shape of g against w", g, w);
  require_same_shape("adamw_update: shape of m against w", state.m.codes, w);
  require_same_shape("adamw_update: shape of v against w", state.v.codes, w);
  const AdamWFactors factors = factors_of(settings);
  const Rounding &m_rounding = rounding_of(signed_codebook()),
                 &v_rounding = rounding_of(unsigned_codebook());
  for_each_block(cpu, w.size(), [&](std::int64_t b, std::int64_t first, std::int64_t count) {
    float m[kMomentBlock], v[kMomentBlock];
    const Block m_block = block_of(state.m, b, first), v_block = block_of(state.v, b, first);
    decode_block(m_rounding.values, m_block.codes, *m_block.largest, count, m);
    decode_block(v_rounding.values, v_block.codes, *v_block.largest, count, v);
    update_range(factors, {g.data() + first, m, v, w.data() + first}, 0, count);
    encode_block(m_rounding, m, count, m_block);
    encode_block(v_rounding, v, count, v_block);
  });
}

}  // namespace trainer
