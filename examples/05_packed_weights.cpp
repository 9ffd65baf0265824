// Weights of another program: a GPTQ layer of 4 bits becomes a packed file of ours, and comes back.
//
// Prints:
//   136 bytes, 4 bits
//   output 0: -2 -1.5 -1 -0.5 0 0.5 1 1.5
//   output 1: 0 0 0 0 0.875 -1 0.875 -1
//   roste: packed file, byte 56: checksum of the rest 530091599; expected 1755299545
#include <cstdint>
#include <cstdio>
#include <span>
#include <stdexcept>
#include <vector>

#include "roste/core/import_weights.h"
#include "roste/core/packed_file.h"

int main() {
  using namespace roste;
  // 8 inputs, 2 outputs, one group. A word holds the codes of eight inputs, lowest bits first.
  const std::vector<std::int32_t> qweight = {0x76543210, 0x0f0f8888};  // [1, out]
  const std::vector<std::int32_t> qzeros = {0x00000084};               // [groups, 1]: 4 and 8
  const std::vector<Half> scales = {{0x3800}, {0x3000}};               // [groups, out]: 0.5, 0.125
  GptqWeight<Half> layer;
  layer.format = GptqFormat::kV2;
  layer.out = 2;
  layer.in = 8;
  layer.qweight = qweight;
  layer.qzeros = qzeros;
  layer.scales = scales;
  try {
    const std::vector<std::uint8_t> file = write_packed_file(import_gptq(layer));
    const PackedMatrix m = read_packed_file(file);
    std::vector<std::uint8_t> codes(16);
    unpack_matrix(m, std::span<std::uint8_t>(codes));
    std::printf("%zu bytes, %d bits\n", file.size(), m.bits());
    for (std::size_t r = 0; r < 2; ++r) {
      std::printf("output %zu:", r);
      for (std::size_t c = 0; c < 8; ++c) std::printf(" %g", decode(codes[8 * r + c], m.params[r]));
      std::printf("\n");
    }
    std::vector<std::uint8_t> damaged = file;
    damaged.back() ^= 1;
    read_packed_file(damaged);
  } catch (const std::invalid_argument& e) {
    std::printf("%s\n", e.what());
    return 0;
  }
  return 1;
}
