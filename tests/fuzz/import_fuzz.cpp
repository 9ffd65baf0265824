// Weights of other programs: GPTQ and compressed-tensors.
//   byte 0: the kind (GPTQ v1 or v2, compressed-tensors without or with zero points) and whether
//   tensors have the lengths that the shape asks for; byte 1: bits; bytes 2 and 3: out and in;
//   byte 4: groups; then the numbers of the tensors, one after the other, zeros behind the end
#include <algorithm>
#include <string>
#include <vector>

#include "roste/core/import_weights.h"
#include "tests/fuzz/contract.h"
#include "tests/fuzz/input.h"

namespace trainer::fuzz {
namespace {

struct Shape {
  unsigned kind;  // 0 ... 7: two bits of the format, one for lengths that do not fit
  int bits;
  std::int64_t out, in;
  std::size_t groups;
  bool lengths_fit() const { return kind < 4; }
};

Shape read_shape(Input& input) {
  Shape shape;
  shape.kind = input.below(8);
  shape.bits = static_cast<int>(input.below(11)) - 1;  // -1 ... 9
  shape.out = static_cast<std::int64_t>(input.below(40)) - 1;
  shape.in = static_cast<std::int64_t>(input.below(80)) - 1;
  shape.groups = input.below(9);
  return shape;
}

std::int32_t read_word(Input& input) {
  std::uint32_t word = 0;
  for (int i = 0; i < 4; ++i) word |= static_cast<std::uint32_t>(input.byte()) << 8 * i;
  return static_cast<std::int32_t>(word);
}

// As many as the format asks for, or what byte comes next.
std::size_t length(Input& input, const Shape& shape, std::int64_t right) {
  return shape.lengths_fit() ? static_cast<std::size_t>(std::max<std::int64_t>(right, 0))
                             : input.byte();
}

std::vector<std::int32_t> read_words(Input& input, std::size_t count) {
  std::vector<std::int32_t> words(count);
  for (std::int32_t& word : words) word = read_word(input);
  return words;
}

// Positive in most cases, so that not every second file is refused for its scales.
std::vector<roste::BFloat16> read_scales(Input& input, std::size_t count) {
  std::vector<roste::BFloat16> scales(count);
  for (roste::BFloat16& scale : scales) {
    scale = roste::BFloat16{static_cast<std::uint16_t>(0x3f80 ^ input.short_number())};
  }
  return scales;
}

// None, the order of the groups, or numbers of the input.
std::vector<std::int32_t> read_group_index(Input& input, const Shape& shape) {
  const unsigned kind = input.below(3);
  const auto in = static_cast<std::size_t>(std::max<std::int64_t>(shape.in, 0));
  std::vector<std::int32_t> index(kind == 0 ? 0 : in);
  for (std::size_t i = 0; i < index.size(); ++i) {
    const std::size_t in_order =
        shape.groups == 0 ? 0 : i / std::max<std::size_t>(1, in / shape.groups);
    index[i] = kind == 1 ? static_cast<std::int32_t>(in_order) : read_word(input);
  }
  return index;
}

std::int64_t words_of(std::int64_t codes, int bits) { return (codes * bits + 31) / 32; }

roste::PackedMatrix read_gptq(Input& input, const Shape& s) {
  const auto groups = static_cast<std::int64_t>(s.groups);
  const auto qweight = read_words(input, length(input, s, words_of(s.in, s.bits) * s.out));
  const auto qzeros = read_words(input, length(input, s, groups * words_of(s.out, s.bits)));
  const auto scales = read_scales(input, length(input, s, groups * s.out));
  const auto index = read_group_index(input, s);
  const auto format = s.kind % 2 == 0 ? roste::GptqFormat::kV1 : roste::GptqFormat::kV2;
  return roste::import_gptq(roste::GptqWeight<roste::BFloat16>{s.bits, format, s.out, s.in, qweight,
                                                               qzeros, scales, index});
}

roste::PackedMatrix read_compressed(Input& input, const Shape& s) {
  const auto groups = static_cast<std::int64_t>(s.groups);
  const auto weight = read_words(input, length(input, s, s.out * words_of(s.in, s.bits)));
  const auto scales = read_scales(input, length(input, s, groups == 0 ? 1 : groups * s.out));
  const bool symmetric = s.kind % 2 == 0;
  const auto zeros =
      read_words(input, symmetric ? 0 : length(input, s, words_of(s.out, s.bits) * groups));
  const auto index = read_group_index(input, s);
  return roste::import_compressed_tensors(roste::CompressedTensorsWeight<roste::BFloat16>{
      s.bits, s.out, s.in, weight, scales, zeros, index});
}

// The codes come out again, within their range.
void check(const roste::PackedMatrix& m) {
  std::vector<std::int16_t> codes(static_cast<std::size_t>(m.rows * m.cols));
  roste::unpack_matrix(m, std::span(codes));
  for (const std::int16_t code : codes) {
    require(code >= m.scheme.grid.codes.min && code <= m.scheme.grid.codes.max,
            "a code outside of its range");
  }
  roste::check_packed_matrix(m);
}

}  // namespace
}  // namespace trainer::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace trainer::fuzz;
  library_accepts([&] {
    Input input(data, size);
    const Shape shape = read_shape(input);
    check(shape.kind % 4 < 2 ? read_gptq(input, shape) : read_compressed(input, shape));
  });
  return 0;
}
