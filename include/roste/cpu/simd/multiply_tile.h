// What the kernels of the integer product share: the layout of their operands, and the arguments of
// one tile.
//
// Weights lie in panels of 32 outputs. A panel is a sequence of steps of 4 inputs; a step holds the
// codes, less the smallest code, of input 4 s + i and output c at byte 4 c + i (kByte, 128 bytes),
// or two to a byte: outputs c in the low halves, c + 16 in the high halves (kNibble, 64 bytes).
//
// Activations lie in tiles of a few rows. A tile is a sequence of chunks of 16 steps (64 inputs); a
// chunk holds one row after the other, as signed bytes, or, for AVX2, which multiplies 16-bit
// numbers, the inputs 0 and 2 of all its steps before the inputs 1 and 3.
#pragma once

#include <cstdint>

namespace roste::cpu {

// How a product adds up; both give the same bits.
enum class ProductMethod {
  kPlain,   // one multiplication for every term
  kPaired,  // one for two terms, and additions: AVX-512, codes of up to 6 bits, inputs and groups
            // of multiples of 8
};

}  // namespace roste::cpu

namespace roste::cpu::detail {

inline constexpr std::int64_t kPanelOutputs = 32;
inline constexpr std::int64_t kStepInputs = 4;    // what one vpdpbusd adds up in every lane
inline constexpr std::int64_t kChunkInputs = 64;  // one cache line of activations
inline constexpr std::int64_t kChunkSteps = kChunkInputs / kStepInputs;

// Products of a few rows wait for weights from memory, and ask for them two pages ahead: 4096 x
// 4096 cold weights times one row take 0.28 ms instead of 0.35 ms on a Zen 5 core that reads them
// in 0.24 ms.
inline constexpr int kStreamingRows = 2;
inline constexpr std::int64_t kPrefetchBytes = 8192;

// Tiles ask for the memory of their results after so many steps, in time for it to arrive and not
// beside the writing of the tile before: 2048 x 2048 x 2048 takes 0.96 of the time.
inline constexpr std::int64_t kStepsBeforeResults = 2 * kChunkSteps;

enum class CodeWidth { kNibble, kByte };  // codes of up to 4 bits, up to 8 bits

// Added to the activations of odd steps in a paired product (simd/multiply_pairs_kernel.inc), so
// that their sums with weights are not negative.
inline constexpr std::int32_t kPairOffset = 63;

constexpr std::int64_t step_bytes(CodeWidth width) {
  return width == CodeWidth::kNibble ? kPanelOutputs * kStepInputs / 2
                                     : kPanelOutputs * kStepInputs;
}

constexpr std::int64_t steps_of(std::int64_t inputs) {
  return (inputs + kStepInputs - 1) / kStepInputs;
}

// Steps of a panel: [first, last).
struct StepRange {
  std::int64_t first = 0, last = 0;
};

constexpr std::int64_t chunks_of(std::int64_t inputs) {
  return (inputs + kChunkInputs - 1) / kChunkInputs;
}

// One row of activations within one group. It is held as t = q_x - shift, and q_x - z_x = t +
// delta.
struct RowTerms {
  std::int32_t start = 0;  // what the row's sums start from
  std::int32_t sum = 0;    // sum of t
  std::int32_t delta = 0;  // shift - z_x
  float scale = 0.0f;      // s_x
};

// With u = q_w - min and z = z_w - min for the weights,
//   sum (t + delta)(u - z) = sum t u  -  z sum t  +  delta (sum u - count z).
enum class Correction {
  kInStart,    // z is the same for all outputs and delta is 0: start = -z sum t
  kPerOutput,  // start = 0, and the two terms are added per output
};

// What outputs share within one group; arrays of 32, as long as a panel.
struct OutputTerms {
  const float* scales = nullptr;          // s_w
  const std::int32_t* zeros = nullptr;    // z
  const std::int32_t* centres = nullptr;  // sum u - count z
  const std::int32_t* pairs = nullptr;  // what a paired product subtracts; null where there is none
};

// The activations of one tile.
struct TileRows {
  const std::int8_t* x = nullptr;   // all chunks
  const RowTerms* terms = nullptr;  // [group][count]
  std::int64_t first = 0;           // row of the block
  std::int64_t count = 0;
  Correction correction = Correction::kInStart;
};

// Some rows x up to 32 outputs, summed over the steps of one group:
// y := onto + s_x s_w sum.
struct ProductTile {
  const std::int8_t* x = nullptr;   // all chunks of the tile
  const RowTerms* rows = nullptr;   // of the group
  const std::uint8_t* w = nullptr;  // all steps of the panel
  std::uint8_t* wide = nullptr;     // where kernels that widen codes of half a byte write all steps
  OutputTerms outputs;
  Correction correction = Correction::kInStart;
  StepRange steps;
  const float* onto = nullptr;  // row r at onto + r onto_stride, `cols` values; may be y
  std::int64_t onto_stride = 0;
  float* y = nullptr;
  std::int64_t y_stride = 0;
  std::int64_t cols = 0;  // 1 ... 32
};

using TileKernel = void (*)(const ProductTile&);

}  // namespace roste::cpu::detail
