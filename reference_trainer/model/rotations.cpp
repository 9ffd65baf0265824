#include "reference_trainer/model/rotations.h"

#include <stdexcept>

namespace trainer {
namespace {

// Signs of different places come from different streams; 2^20 layers fit under one seed.
std::uint64_t stream_seed(std::uint64_t seed, int rotation, std::size_t layer) {
  return (seed << 22) + (static_cast<std::uint64_t>(layer) << 2) +
         static_cast<std::uint64_t>(rotation - 1);
}

roste::Rotation random_hadamard(std::int64_t d, std::uint64_t seed, int rotation,
                                std::size_t layer) {
  return roste::Rotation::hadamard(d, stream_seed(seed, rotation, layer), roste::Signs::kRandom);
}

}  // namespace

RotationMask RotationMask::parse(const std::string& digits) {
  unsigned bits = 0;
  if (digits.size() != 4)
    throw std::invalid_argument("rotations need four digits, got '" + digits + "'");
  for (std::size_t i = 0; i < 4; ++i) {
    if (digits[i] != '0' && digits[i] != '1') {
      throw std::invalid_argument("rotations need four digits 0 or 1, got '" + digits + "'");
    }
    bits |= static_cast<unsigned>(digits[i] - '0') << i;
  }
  return RotationMask(bits);
}

std::string RotationMask::text() const {
  std::string digits;
  for (int i = 1; i <= 4; ++i) digits += r(i) ? '1' : '0';
  return digits;
}

RotationChoice RotationChoice::shared(RotationMask mask, const ModelShape& shape,
                                      std::uint64_t seed) {
  return {std::vector<RotationMask>(static_cast<std::size_t>(shape.layers), mask), seed};
}

RotationMatrices make_rotation_matrices(const ModelShape& shape, std::uint64_t seed) {
  RotationMatrices h{random_hadamard(shape.hidden_size, seed, 1, 0), {}};
  for (std::size_t i = 0; i < static_cast<std::size_t>(shape.layers); ++i) {
    h.layers.push_back({random_hadamard(shape.head_dim, seed, 2, i),
                        random_hadamard(shape.head_dim, seed, 3, i),
                        random_hadamard(shape.intermediate_size, seed, 4, i)});
  }
  return h;
}

std::vector<LayerRotations> in_block_rotations(const ModelShape& shape,
                                               const RotationChoice& choice) {
  std::vector<LayerRotations> layers(choice.layers.size());
  for (std::size_t i = 0; i < layers.size(); ++i) {
    const RotationMask mask = choice.layers[i];
    if (mask.r(2)) layers[i].r2 = random_hadamard(shape.head_dim, choice.seed, 2, i);
    if (mask.r(3)) layers[i].r3 = random_hadamard(shape.head_dim, choice.seed, 3, i);
    if (mask.r(4)) layers[i].r4 = random_hadamard(shape.intermediate_size, choice.seed, 4, i);
  }
  return layers;
}

}  // namespace trainer
