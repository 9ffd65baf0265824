// Quantizes a 2 x 4 weight matrix to 4 bits, packs the codes and reads them back.
//
// Prints:
//   codes of 4 bits, one scale per row
//   row 0: scale 0.5    codes  7 -3  0  2   values  3.5 -1.5    0    1
//   row 1: scale 0.0625 codes -2  4  7  0   values -0.125 0.25 0.4375    0
//   8 codes in 4 bytes, signal to noise 27.3 dB
#include <cstdint>
#include <cstdio>
#include <span>
#include <vector>

#include "roste/roste.h"

int main() {
  using namespace roste;
  const std::vector<float> w = {3.5f, -1.6f, 0.1f, 1.1f, -0.12f, 0.26f, 0.4375f, 0.01f};
  const cpu::MatrixView<const float> weights(w.data(), 2, 4);
  const Quantizer<QuantSpec<4, Symmetric, PerRow>> w4;

  std::vector<GroupParams> params(2);
  std::vector<std::int8_t> codes(w.size());
  const cpu::MatrixView<std::int8_t> code_view(codes.data(), 2, 4);
  cpu::quantize(w4, weights, params, code_view);

  const CodeRange range = w4.scheme().grid.codes;
  std::vector<std::uint8_t> bytes(packed_bytes(codes.size(), 4));
  pack(std::span<const std::int8_t>(codes), range, bytes);
  unpack(std::span<const std::uint8_t>(bytes), range, std::span<std::int8_t>(codes));

  std::vector<float> values(w.size());
  cpu::dequantize(w4, code_view, params, cpu::MatrixView<float>(values.data(), 2, 4));

  std::printf("codes of 4 bits, one scale per row\n");
  for (std::size_t r = 0; r < 2; ++r) {
    std::printf("row %zu: scale %-6g codes", r, params[r].scale);
    for (std::size_t c = 0; c < 4; ++c) std::printf(" %2d", codes[4 * r + c]);
    std::printf("   values");
    for (std::size_t c = 0; c < 4; ++c) std::printf(" %4g", values[4 * r + c]);
    std::printf("\n");
  }
  std::printf("%zu codes in %zu bytes, signal to noise %.1f dB\n", codes.size(), bytes.size(),
              cpu::measure(w4, weights).sqnr_db());
}
