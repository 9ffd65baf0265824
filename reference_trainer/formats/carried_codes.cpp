#include "reference_trainer/formats/carried_codes.h"

#include <algorithm>
#include <stdexcept>

#include "roste/core/packing.h"

namespace trainer {
namespace {

constexpr int kMostBits = 8;

bool is_symmetric(const PackedWeight& w) { return w.scheme.grid.codes.min < 0; }

std::vector<std::int16_t> codes_of_row(const PackedWeight& w, std::int64_t row) {
  std::vector<std::int16_t> codes(static_cast<std::size_t>(w.cols));
  roste::unpack(w.row(row), w.scheme.grid.codes, std::span(codes));
  return codes;
}

// Bits whose codes reach from 0 to `highest`.
int bits_to(std::int64_t highest) {
  int bits = 0;
  while (bits <= kMostBits && highest >> bits != 0) ++bits;
  return bits;
}

// The smallest and the largest difference q - z of a row, and 0.
struct Differences {
  std::int64_t low = 0, high = 0;
};

Differences differences_of(const PackedWeight& w, std::int64_t row) {
  const std::int64_t zero = w.params[static_cast<std::size_t>(row)].zero;
  Differences d;
  for (const std::int16_t code : codes_of_row(w, row)) {
    d.low = std::min(d.low, code - zero);
    d.high = std::max(d.high, code - zero);
  }
  return d;
}

bool is_a_code(std::int64_t zero, int bits) { return zero >= 0 && zero >> bits == 0; }

// Unsigned codes of `bits` bits as a dense stream of 32-bit words.
void append_words(std::span<const std::int16_t> codes, int bits, std::vector<std::int32_t>& words) {
  std::vector<std::uint8_t> bytes(roste::packed_bytes(codes.size(), bits));
  roste::pack(codes, {0, (1 << bits) - 1}, std::span(bytes));
  bytes.resize((bytes.size() + 3) / 4 * 4, 0);
  for (std::size_t i = 0; i < bytes.size(); i += 4) {
    const std::uint32_t word = bytes[i] | std::uint32_t{bytes[i + 1]} << 8 |
                               std::uint32_t{bytes[i + 2]} << 16 |
                               std::uint32_t{bytes[i + 3]} << 24;
    words.push_back(static_cast<std::int32_t>(word));
  }
}

// The zero point in the carried codes: ours where it is one of them, else the lowest that fits.
std::int64_t carried_zero(const PackedWeight& w, std::int64_t row, int bits) {
  const std::int64_t zero = w.params[static_cast<std::size_t>(row)].zero;
  return is_a_code(zero, w.bits()) && is_a_code(zero, bits) ? zero : -differences_of(w, row).low;
}

}  // namespace

int carried_bits(const PackedWeight& w) {
  int bits = w.bits();
  if (is_symmetric(w)) return bits;
  for (std::int64_t r = 0; r < w.rows; ++r) {
    if (is_a_code(w.params[static_cast<std::size_t>(r)].zero, w.bits())) continue;
    const Differences d = differences_of(w, r);
    bits = std::max(bits, bits_to(d.high - d.low));
  }
  return bits;
}

CarriedCodes carry(const PackedWeight& w) {
  CarriedCodes carried{carried_bits(w), w.rows, w.cols, 0, {}, {}, {}};
  if (carried.bits > kMostBits)
    throw std::invalid_argument("carry: zero points that 8 bits cannot hold");
  carried.row_words = (w.cols * carried.bits + 31) / 32;
  std::vector<std::int16_t> zeros;
  for (std::int64_t r = 0; r < w.rows; ++r) {
    const roste::GroupParams params = w.params[static_cast<std::size_t>(r)];
    const std::int64_t zero =
        is_symmetric(w) ? -w.scheme.grid.codes.min : carried_zero(w, r, carried.bits);
    std::vector<std::int16_t> codes = codes_of_row(w, r);
    for (std::int16_t& code : codes) code = static_cast<std::int16_t>(code - params.zero + zero);
    append_words(codes, carried.bits, carried.packed);
    carried.scale.push_back(params.scale);
    zeros.push_back(static_cast<std::int16_t>(zero));
  }
  if (!is_symmetric(w)) append_words(zeros, carried.bits, carried.zero);
  return carried;
}

}  // namespace trainer
