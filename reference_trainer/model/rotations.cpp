#include "reference_trainer/model/rotations.h"

#include <stdexcept>

namespace trainer {
namespace {

// Signs of different places come from different streams; 2^20 layers fit under one seed.
std::uint64_t stream_seed(std::uint64_t seed, int rotation, std::size_t layer) {
  return (seed << 22) + (static_cast<std::uint64_t>(layer) << 2) +
         static_cast<std::uint64_t>(rotation - 1);
}

// Makes the matrices of one seed.
struct MatrixMaker {
  std::uint64_t seed;
  OnlineSigns online_signs;

  // Rotation 1 ... 4 of dimension d at `layer`.
  roste::Rotation operator()(std::int64_t d, int rotation, std::size_t layer) const {
    const bool plain = rotation >= 3 && online_signs == OnlineSigns::kNone;
    return roste::Rotation::hadamard(d, stream_seed(seed, rotation, layer),
                                     plain ? roste::Signs::kNone : roste::Signs::kRandom);
  }
};

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

RotationChoice RotationChoice::without_rotations() const {
  return {std::vector<RotationMask>(layers.size()), seed, online_signs};
}

RotationMatrices make_rotation_matrices(const ModelShape& shape, std::uint64_t seed,
                                        OnlineSigns online_signs) {
  const MatrixMaker make{seed, online_signs};
  RotationMatrices h{make(shape.hidden_size, 1, 0), {}};
  for (std::size_t i = 0; i < static_cast<std::size_t>(shape.layers); ++i) {
    h.layers.push_back({make(shape.head_dim, 2, i), make(shape.head_dim, 3, i),
                        make(shape.intermediate_size, 4, i)});
  }
  return h;
}

std::vector<LayerRotations> in_block_rotations(const ModelShape& shape,
                                               const RotationChoice& choice) {
  const MatrixMaker make{choice.seed, choice.online_signs};
  std::vector<LayerRotations> layers(choice.layers.size());
  for (std::size_t i = 0; i < layers.size(); ++i) {
    const RotationMask mask = choice.layers[i];
    if (mask.r(2)) layers[i].r2 = make(shape.head_dim, 2, i);
    if (mask.r(3)) layers[i].r3 = make(shape.head_dim, 3, i);
    if (mask.r(4)) layers[i].r4 = make(shape.intermediate_size, 4, i);
  }
  return layers;
}

}  // namespace trainer
