// Rows of a key or value cache: one token's values of one head as packed codes with one scale and
// one zero point, and the two products of attention straight from the codes.
//
// A row of head_dim codes is packed as in core/packing.h and filled up with zero bytes to a
// multiple of 16 codes. The order of additions is the same on every instruction set:
//   dot            lane l of 16 adds up query[i] u[i], i = l, l + 16, ..., by fused multiply-adds
//   from
//                  0; then lanes l and l + 8, l and l + 4, l and l + 2, l and l + 1 are added; the
//                  sum is multiplied by the scale. u = float(code - z).
//   weighted sum   every column adds (weights[t] s_t) u[i] by one fused multiply-add, t ascending.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>

#include "roste/core/packing.h"
#include "roste/core/quantizer.h"
#include "roste/cpu/isa.h"
#include "roste/cpu/quantize_packed.h"
#include "roste/cpu/simd/kv_rows.h"

namespace roste::cpu {

inline constexpr std::int64_t kMaxHeadDim = 1024;  // bounds the buffers on the stack

// A cache quantizes every token's head on its own: PerGroup<head_dim> or PerGroup<kDynamic>.
template <class T>
concept KvSpec = QuantizerSpec<T> && kIsPerGroup<typename T::Granularity>;

struct KvShape {
  std::int64_t heads = 0;     // key/value heads
  std::int64_t head_dim = 0;  // values of a head
};

inline constexpr std::int64_t kMaxHeads = std::int64_t{1} << 16;   // so that no product of sizes
inline constexpr std::int64_t kMaxTokens = std::int64_t{1} << 31;  // below wraps around
inline constexpr std::int64_t kKvLanes = 16;

// What a page of tokens occupies. Head h has the rows h * tokens ... (h + 1) * tokens - 1.
struct KvLayout {
  std::int64_t heads = 0;
  std::int64_t row_bytes = 0;

  // Bytes of codes, [heads * tokens] rows. Throws std::invalid_argument unless tokens is 1 ...
  // 2^31.
  std::size_t page_bytes(std::int64_t tokens) const {
    return page_params(tokens) * static_cast<std::size_t>(row_bytes);
  }
  // GroupParams, one per row. Throws as page_bytes does.
  std::size_t page_params(std::int64_t tokens) const {
    if (tokens >= 1 && tokens <= kMaxTokens) return static_cast<std::size_t>(heads * tokens);
    throw std::invalid_argument("roste: a cache for " + std::to_string(tokens) +
                                " tokens; expected 1 to " + std::to_string(kMaxTokens));
  }
  friend bool operator==(const KvLayout&, const KvLayout&) = default;
};

// The layout of pages of a cache. Throws std::invalid_argument when a number is out of range, or is
// not the head_dim that Spec names.
template <KvSpec Spec>
KvLayout kv_layout(KvShape shape) {
  constexpr std::int64_t kSize = Spec::Granularity::size;
  if (kSize != kDynamic && shape.head_dim != kSize) {
    throw std::invalid_argument("roste: a cache of PerGroup<" + std::to_string(kSize) +
                                "> with heads of " + std::to_string(shape.head_dim) +
                                " values; expected equal numbers");
  }
  if (shape.head_dim < 1 || shape.head_dim > kMaxHeadDim) {
    throw std::invalid_argument("roste: a cache with heads of " + std::to_string(shape.head_dim) +
                                " values; expected 1 to " + std::to_string(kMaxHeadDim));
  }
  if (shape.heads < 1 || shape.heads > kMaxHeads) {
    throw std::invalid_argument("roste: a cache of " + std::to_string(shape.heads) +
                                " heads; expected 1 to " + std::to_string(kMaxHeads));
  }
  const std::int64_t width = (shape.head_dim + kKvLanes - 1) / kKvLanes * kKvLanes;
  return {shape.heads, width * Spec::bits / 8};
}

namespace detail {

template <KvSpec Spec>
class KvRows {
 public:
  static constexpr int kBits = Spec::bits;

  // head_dim: as kv_layout checked it. clip: c of eqs. (2), (4). Throws std::invalid_argument.
  KvRows(std::int64_t head_dim, float clip)
      : head_dim_(head_dim),
        scheme_(Quantizer<QuantSpec<kBits, typename Spec::Symmetry, PerRow, typename Spec::Range>>(
            clip)) {}

  std::int64_t head_dim() const { return head_dim_; }
  const Grid& grid() const { return scheme_.grid; }
  // Codes of a row with those that fill it up.
  std::int64_t width() const { return (head_dim_ + kKvLanes - 1) / kKvLanes * kKvLanes; }
  // Bytes of a row.
  std::int64_t stride() const { return width() * kBits / 8; }

  // x [n, head_dim] to n rows from `bytes` on. Throws NonFiniteError with the place in x.
  template <ReadNumber T>
  void write(MatrixView<T> x, std::uint8_t* bytes, GroupParams* params, Isa isa) const {
    const auto n = static_cast<std::size_t>(x.rows);
    quantize_packed(scheme_, x, std::span<GroupParams>(params, n),
                    MatrixView<std::uint8_t>(bytes, x.rows, used(), stride()), isa);
    for (std::int64_t r = 0; r < x.rows; ++r) {
      std::fill(bytes + r * stride() + used(), bytes + (r + 1) * stride(), std::uint8_t{0});
    }
  }

  // The values of n rows, x [n, head_dim].
  template <Number T>
  void read(const std::uint8_t* bytes, const GroupParams* params, MatrixView<T> x, Isa isa) const {
    const auto n = static_cast<std::size_t>(x.rows);
    dequantize_packed(scheme_, MatrixView<const std::uint8_t>(bytes, x.rows, used(), stride()),
                      std::span<const GroupParams>(params, n), x, isa);
  }

  // scores[t] = query . row t. query: width() floats, zero from head_dim on.
  void dot(const float* query, const std::uint8_t* bytes, const GroupParams* params,
           std::span<float> scores, Isa isa) const {
    const std::int32_t low = grid().codes.min;
#if ROSTE_X86_KERNELS
    if (isa == Isa::kAvx512) {
      return simd::avx512::dot_rows<kBits>(query, width(), bytes, params, low, scores);
    }
    if (isa == Isa::kAvx2) {
      return simd::avx2::dot_rows<kBits>(query, width(), bytes, params, low, scores);
    }
#endif
    for (std::size_t t = 0; t < scores.size(); ++t, bytes += stride()) {
      scores[t] = params[t].scale * dot_row(query, bytes, params[t].zero - low);
    }
  }

  // sums[i] += sum_t weights[t] row t [i]. sums: width() floats.
  void add_weighted(std::span<const float> weights, const std::uint8_t* bytes,
                    const GroupParams* params, float* sums, Isa isa) const {
    const std::int32_t low = grid().codes.min;
#if ROSTE_X86_KERNELS
    if (isa == Isa::kAvx512) {
      return simd::avx512::add_weighted_rows<kBits>(weights, bytes, params, low, width(), sums);
    }
    if (isa == Isa::kAvx2) {
      return simd::avx2::add_weighted_rows<kBits>(weights, bytes, params, low, width(), sums);
    }
#endif
    for (std::size_t t = 0; t < weights.size(); ++t, bytes += stride()) {
      add_row(weights[t] * params[t].scale, bytes, params[t].zero - low, sums);
    }
  }

 private:
  // Bytes of a row that hold codes.
  std::int64_t used() const {
    return static_cast<std::int64_t>(packed_bytes(static_cast<std::size_t>(head_dim_), kBits));
  }

  // float(code - zero) of the 16 codes in 2 kBits bytes; zero is that of unsigned codes.
  static void unpack_lanes(const std::uint8_t* bytes, std::int32_t zero, float* u) {
    std::uint32_t pending = 0;
    int held = 0;
    for (std::int64_t l = 0; l < kKvLanes; ++l) {
      if (held < kBits) {
        pending |= static_cast<std::uint32_t>(*bytes++) << held;
        held += 8;
      }
      const auto code = static_cast<std::int32_t>(pending & ((1u << kBits) - 1u));
      u[l] = static_cast<float>(code - zero);
      pending >>= kBits;
      held -= kBits;
    }
  }

  float dot_row(const float* query, const std::uint8_t* bytes, std::int32_t zero) const {
    float lanes[kKvLanes] = {}, u[kKvLanes];
    for (std::int64_t i = 0; i < width(); i += kKvLanes, bytes += 2 * kBits) {
      unpack_lanes(bytes, zero, u);
      for (std::int64_t l = 0; l < kKvLanes; ++l) lanes[l] = std::fma(query[i + l], u[l], lanes[l]);
    }
    for (std::int64_t half = kKvLanes / 2; half > 0; half /= 2) {
      for (std::int64_t l = 0; l < half; ++l) lanes[l] += lanes[l + half];
    }
    return lanes[0];
  }

  void add_row(float weight, const std::uint8_t* bytes, std::int32_t zero, float* sums) const {
    float u[kKvLanes];
    for (std::int64_t i = 0; i < width(); i += kKvLanes, bytes += 2 * kBits) {
      unpack_lanes(bytes, zero, u);
      for (std::int64_t l = 0; l < kKvLanes; ++l) sums[i + l] = std::fma(weight, u[l], sums[i + l]);
    }
  }

  std::int64_t head_dim_;
  Scheme scheme_;  // of one row
};

}  // namespace detail

}  // namespace roste::cpu
