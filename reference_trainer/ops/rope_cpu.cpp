#include "reference_trainer/ops/rope.h"

#include <cmath>
#include <vector>

#include "reference_trainer/ops/cpu_chunks.h"

namespace trainer {
std::vector<float> inverse_frequencies(const RopeShape& shape) {
  std::vector<float> frequencies(shape.rotary_dim / 2);
  for (std::size_t i = 0; i < frequencies.size(); ++i) {
    const float exponent = static_cast<float>(2 * i) / static_cast<float>(shape.rotary_dim);
    frequencies[i] = 1.0f / std::pow(shape.theta, exponent);
    if (!shape.scaling) continue;
    frequencies[i] =
        static_cast<float>(scaled_frequency(*shape.scaling, static_cast<double>(frequencies[i])));
  }
  return frequencies;
}

namespace {

enum class Direction { kForward, kInverse };

// Cosines, then sines, of one row of angles per entry.
class AngleTable {
 public:
  // A batch of sequences repeats its positions: then one entry serves each position, else each row.
  AngleTable(Cpu& cpu, const RopeShape& shape, const Indices<Cpu>& positions)
      : half_(shape.rotary_dim / 2) {
    const std::int32_t* begin = positions.data();
    const std::int64_t rows = positions.size();
    const std::int64_t largest = rows == 0 ? 0 : *std::max_element(begin, begin + rows);
    const std::int64_t smallest = rows == 0 ? 0 : *std::min_element(begin, begin + rows);
    by_position_ = smallest >= 0 && largest < rows;
    const std::int64_t entries = by_position_ ? largest + 1 : rows;
    values_.resize(entries * 2 * half_);
    const std::vector<float> frequencies = inverse_frequencies(shape);
    for_row_chunks(cpu, entries, kCostOfSine * half_, [&](std::int64_t first, std::int64_t last) {
      for (std::int64_t e = first; e < last; ++e) {
        const auto position = static_cast<float>(by_position_ ? e : begin[e]);
        fill_entry(position, frequencies, values_.data() + e * 2 * half_);
      }
    });
  }

  const float* cosines(std::int64_t row, std::int32_t position) const {
    return values_.data() + (by_position_ ? position : row) * 2 * half_;
  }

 private:
  static constexpr std::int64_t kCostOfSine = 16;  // in copied values, roughly

  static void fill_entry(float position, const std::vector<float>& frequencies, float* entry) {
    const std::size_t half = frequencies.size();
    for (std::size_t i = 0; i < half; ++i) {
      const float angle = position * frequencies[i];
      entry[i] = std::cos(angle);
      entry[half + i] = std::sin(angle);
    }
  }

  std::int64_t half_;
  bool by_position_ = false;
  std::vector<float> values_;  // [entries, 2, half]
};

// (x0, x1) := (x0 cos - x1 sin, x1 cos + x0 sin), or the inverse, for the pairs of one head.
template <Direction direction>
void turn_head(const float* __restrict cosines, std::int64_t half, float* __restrict x0) {
  const float* __restrict sines = cosines + half;
  float* __restrict x1 = x0 + half;
  for (std::int64_t i = 0; i < half; ++i) {
    const float sine = direction == Direction::kForward ? sines[i] : -sines[i];
    const float a = x0[i], b = x1[i];
    x0[i] = a * cosines[i] - b * sine;
    x1[i] = b * cosines[i] + a * sine;
  }
}

void require_shapes(const RopeShape& shape, const Indices<Cpu>& positions, const Tensor<Cpu>& x) {
  require_equal("rope: number of positions", positions.size(), x.rows());
  if (shape.head_dim < 1 || shape.rotary_dim < 0 || shape.rotary_dim > shape.head_dim ||
      shape.rotary_dim % 2 != 0) {
    throw std::invalid_argument("rope: got rotary_dim " + std::to_string(shape.rotary_dim) +
                                ", expected an even number of at most head_dim " +
                                std::to_string(shape.head_dim));
  }
  require_equal("rope: columns beyond whole heads", x.cols() % shape.head_dim, 0);
}

template <Direction direction>
void turn(Cpu& cpu, const RopeShape& shape, const Indices<Cpu>& positions, Tensor<Cpu>& x) {
  require_shapes(shape, positions, x);
  const AngleTable table(cpu, shape, positions);
  for_row_chunks(cpu, x.rows(), x.cols(), [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t r = begin; r < end; ++r) {
      const float* cosines = table.cosines(r, positions.data()[r]);
      for (std::int64_t c = 0; c < x.cols(); c += shape.head_dim) {
        turn_head<direction>(cosines, shape.rotary_dim / 2, x.data() + r * x.cols() + c);
      }
    }
  });
}

}  // namespace

void rope_forward(Cpu& cpu, const RopeShape& shape, const Indices<Cpu>& positions, Tensor<Cpu>& x) {
  turn<Direction::kForward>(cpu, shape, positions, x);
}

void rope_backward(Cpu& cpu, const RopeShape& shape, const Indices<Cpu>& positions,
                   Tensor<Cpu>& dx) {
  turn<Direction::kInverse>(cpu, shape, positions, dx);
}

}  // namespace trainer
