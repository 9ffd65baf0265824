// Quantized weights of other programs as a PackedMatrix [out, in]: the pack-quantized format of
// compressed-tensors, and GPTQ. Both pack unsigned codes densely, code i in bits [i b, (i + 1) b)
// of a stream of 32-bit words, least significant bit first, as core/packing.h does with bytes.
//
// Tensors are given as spans; their words are numbers, whatever the machine's order of bytes.
// Imported zero points are codes, so the range rule is kZeroIncluded, or kSymmetric without them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "roste/core/number_types.h"
#include "roste/core/packed_matrix.h"

namespace roste {

// The tensors of one linear layer. Scale is float, Half or BFloat16.
template <Number Scale>
struct CompressedTensorsWeight {
  int bits = 4;                                 // 1 ... 8; symmetric 2 ... 8
  std::int64_t out = 0, in = 0;                 // weight_shape
  std::span<const std::int32_t> weight_packed;  // [out, ceil(in bits / 32)]
  std::span<const Scale> weight_scale;          // [out, groups], or one for all
  std::span<const std::int32_t>
      weight_zero_point{};                       // [ceil(out bits / 32), groups]; symmetric: none
  std::span<const std::int32_t> weight_g_idx{};  // [in], or none
};

// How a GPTQ checkpoint stores a zero point z: "gptq" (v1) as z - 1, "gptq_v2" as it is.
enum class GptqFormat { kV1, kV2 };

// The tensors of one linear layer.
template <Number Scale>
struct GptqWeight {
  int bits = 4;                         // 2, 3, 4 or 8
  GptqFormat format = GptqFormat::kV2;  // checkpoint_format
  std::int64_t out = 0, in = 0;
  std::span<const std::int32_t> qweight;  // [in bits / 32, out]
  std::span<const std::int32_t> qzeros;   // [groups, out bits / 32]
  std::span<const Scale> scales;          // [groups, out]
  std::span<const std::int32_t> g_idx{};  // [in], or none
};

namespace detail {

[[noreturn]] inline void refuse_import(const std::string& what, const std::string& expected) {
  throw std::invalid_argument("roste: imported weights with " + what + "; expected " + expected);
}

inline void check_import_shape(int bits, std::int64_t out, std::int64_t in) {
  if (out >= 1 && in >= 1 && out <= kMaxPackedSide && in <= kMaxPackedSide && bits >= 1 &&
      bits <= 8) {
    return;
  }
  refuse_import(std::to_string(out) + " x " + std::to_string(in) + " codes of " +
                    std::to_string(bits) + " bits",
                "sides of 1 to " + std::to_string(kMaxPackedSide) + " and 1 to 8 bits");
}

inline void expect_length(const char* tensor, std::size_t length, std::size_t expected) {
  if (length == expected) return;
  refuse_import(std::to_string(length) + " numbers in " + tensor, std::to_string(expected));
}

inline std::size_t words_of(std::int64_t codes, int bits) {
  return (static_cast<std::size_t>(codes) * static_cast<std::size_t>(bits) + 31) / 32;
}

// Code i of a dense stream whose word w is words[w * stride].
inline std::int32_t dense_code(const std::int32_t* words, std::size_t stride, std::size_t i,
                               int bits) {
  const std::size_t bit = i * static_cast<std::size_t>(bits), word = bit / 32, shift = bit % 32;
  std::uint64_t window = static_cast<std::uint32_t>(words[word * stride]);
  if (shift + static_cast<std::size_t>(bits) > 32) {
    window |= std::uint64_t{static_cast<std::uint32_t>(words[(word + 1) * stride])} << 32;
  }
  return static_cast<std::int32_t>((window >> shift) & ((1u << bits) - 1u));
}

// Groups of consecutive inputs, as many as there are scales of an output.
inline Grouping import_grouping(std::int64_t in, std::size_t groups) {
  if (groups == 1) return {Grouping::Kind::kRow, 0};
  if (groups == 0 || static_cast<std::size_t>(in) % groups != 0) {
    refuse_import(std::to_string(groups) + " groups of " + std::to_string(in) + " inputs",
                  "a divisor of the inputs");
  }
  return {Grouping::Kind::kGroup, in / static_cast<std::int64_t>(groups)};
}

// A quantizer that sorted the inputs leaves groups that are not consecutive.
inline void check_group_index(std::span<const std::int32_t> index, std::int64_t in,
                              std::size_t groups) {
  if (index.empty()) return;
  expect_length("g_idx", index.size(), static_cast<std::size_t>(in));
  const std::size_t size = static_cast<std::size_t>(in) / groups;
  for (std::size_t i = 0; i < index.size(); ++i) {
    if (index[i] == static_cast<std::int32_t>(i / size)) continue;
    refuse_import("input " + std::to_string(i) + " in group " + std::to_string(index[i]),
                  "group " + std::to_string(i / size) +
                      ": an order of the inputs by activation (desc_act) is not supported");
  }
}

}  // namespace detail

// Weights in compressed-tensors' pack-quantized format: strategies channel, group, and tensor when
// symmetric. Throws std::invalid_argument for lengths that disagree, a scale that is not a finite
// number above 0, set pad bits, and inputs in another order (g_idx).
template <Number Scale>
PackedMatrix import_compressed_tensors(const CompressedTensorsWeight<Scale>& w) {
  detail::check_import_shape(w.bits, w.out, w.in);
  const auto out = static_cast<std::size_t>(w.out);
  const std::size_t words = detail::words_of(w.in, w.bits);
  const bool symmetric = w.weight_zero_point.empty();
  const bool one_scale = symmetric && w.weight_scale.size() == 1;
  const std::size_t groups = one_scale ? 1 : w.weight_scale.size() / out;
  detail::expect_length("weight_packed", w.weight_packed.size(), out * words);
  const Grouping grouping =
      one_scale ? Grouping{Grouping::Kind::kTensor, 0} : detail::import_grouping(w.in, groups);
  if (!one_scale) detail::expect_length("weight_scale", w.weight_scale.size(), out * groups);
  if (!symmetric) {
    detail::expect_length("weight_zero_point", w.weight_zero_point.size(),
                          detail::words_of(w.out, w.bits) * groups);
  }
  detail::check_group_index(w.weight_g_idx, w.in, groups);

  const RangeRule rule = symmetric ? RangeRule::kSymmetric : RangeRule::kZeroIncluded;
  PackedMatrix m{{make_grid(rule, w.bits), grouping}, w.out, w.in, {}, {}};
  for (std::size_t g = 0; g < w.weight_scale.size(); ++g) {
    const std::int32_t zero = symmetric
                                  ? 0
                                  : detail::dense_code(w.weight_zero_point.data() + g % groups,
                                                       groups, g / groups, w.bits);
    m.params.push_back({to_float(w.weight_scale[g]), zero});
  }
  // The same stream of bits, in bytes instead of words.
  m.codes.reserve(out * m.row_bytes());
  for (std::size_t r = 0; r < out; ++r) {
    for (std::size_t i = 0; i < 4 * words; ++i) {
      const auto word = static_cast<std::uint32_t>(w.weight_packed[r * words + i / 4]);
      const auto byte = static_cast<std::uint8_t>(word >> (8 * (i % 4)));
      if (i < m.row_bytes()) {
        m.codes.push_back(byte);
      } else if (byte != 0) {
        detail::refuse_import("bits behind the last code of row " + std::to_string(r), "zeros");
      }
    }
  }
  check_packed_matrix(m);
  return m;
}

// GPTQ weights, transposed to [out, in]. Throws std::invalid_argument for lengths that disagree, a
// scale that is not a finite number above 0, inputs in another order (g_idx), and in v1 the stored
// zero point 2^bits - 1, which programs read as 0 or as 2^bits.
template <Number Scale>
PackedMatrix import_gptq(const GptqWeight<Scale>& w) {
  detail::check_import_shape(w.bits, w.out, w.in);
  if (w.bits != 2 && w.bits != 3 && w.bits != 4 && w.bits != 8) {
    detail::refuse_import("GPTQ codes of " + std::to_string(w.bits) + " bits", "2, 3, 4 or 8");
  }
  const auto out = static_cast<std::size_t>(w.out), in = static_cast<std::size_t>(w.in);
  const std::size_t groups = w.scales.size() / out, zero_words = detail::words_of(w.out, w.bits);
  const Grouping grouping = detail::import_grouping(w.in, groups);
  detail::expect_length("scales", w.scales.size(), groups * out);
  detail::expect_length("qweight", w.qweight.size(), detail::words_of(w.in, w.bits) * out);
  detail::expect_length("qzeros", w.qzeros.size(), groups * zero_words);
  detail::check_group_index(w.g_idx, w.in, groups);

  const Grid grid = make_grid(RangeRule::kZeroIncluded, w.bits);
  const std::int32_t offset = w.format == GptqFormat::kV1 ? 1 : 0;
  std::vector<GroupParams> params;
  for (std::size_t r = 0; r < out; ++r) {
    for (std::size_t g = 0; g < groups; ++g) {
      const std::int32_t zero =
          offset + detail::dense_code(w.qzeros.data() + g * zero_words, 1, r, w.bits);
      params.push_back({to_float(w.scales[g * out + r]), zero});
    }
  }
  std::vector<std::uint8_t> codes(out * in);
  for (std::size_t i = 0; i < in; ++i) {
    for (std::size_t r = 0; r < out; ++r) {
      codes[r * in + i] =
          static_cast<std::uint8_t>(detail::dense_code(w.qweight.data() + r, out, i, w.bits));
    }
  }
  return pack_matrix({grid, grouping}, w.out, w.in, std::move(params),
                     std::span<const std::uint8_t>(codes));
}

}  // namespace roste
