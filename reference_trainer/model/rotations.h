// The four rotations of Fig. 4: R1 on the residual stream (merged into the weights), R2 per head
// from V to O (applied to the weights), R3 on Q and K after RoPE and R4 on the down-projection's
// input (both online; R4's transpose is applied to the weight).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "reference_trainer/io/model_shape.h"
#include "roste/core/rotation.h"

namespace trainer {

// Bits 0 ... 3 say whether R1 ... R4 are Hadamard rotations (1) or the identity (0).
class RotationMask {
 public:
  constexpr RotationMask() = default;
  constexpr explicit RotationMask(unsigned bits) : bits_(bits) {}
  constexpr bool r(int i) const { return (bits_ >> (i - 1) & 1u) != 0; }  // i in 1 ... 4
  constexpr unsigned bits() const { return bits_; }
  constexpr int count() const { return r(1) + r(2) + r(3) + r(4); }
  bool operator==(const RotationMask&) const = default;

  // "1011" is R1, R3 and R4. Throws std::invalid_argument.
  static RotationMask parse(const std::string& digits);
  std::string text() const;

 private:
  unsigned bits_ = 0;
};

// Signs of R3 and R4, the rotations that run online: random as in eq. (19), or all +1 as in the
// paper's public code (a plain Hadamard matrix). Signs of R1 and R2 are always random.
enum class OnlineSigns { kRandom, kNone };

// The words for them, in flags and roste.json; indexed by the enumerators.
inline constexpr std::array<std::string_view, 2> kOnlineSignsNames = {"random", "none"};
constexpr std::string_view name_of(OnlineSigns signs) {
  return kOnlineSignsNames[static_cast<std::size_t>(signs)];
}

// Which rotations a model uses and the seed of their random signs (eq. 19).
struct RotationChoice {
  std::vector<RotationMask> layers;  // R1 is the same in every layer
  std::uint64_t seed = 0;
  OnlineSigns online_signs = OnlineSigns::kRandom;

  static RotationChoice shared(RotationMask mask, const ModelShape& shape, std::uint64_t seed);
  // The same matrices, none of them in use.
  RotationChoice without_rotations() const;
  bool r1() const { return !layers.empty() && layers[0].r(1); }
};

// The matrices H of eq. (9), one for each place; they depend on shape, seed and signs only, not on
// what is chosen.
struct RotationMatrices {
  struct Layer {
    roste::Rotation r2, r3;  // head_dim
    roste::Rotation r4;      // intermediate_size
  };
  roste::Rotation r1;  // hidden_size
  std::vector<Layer> layers;
};
RotationMatrices make_rotation_matrices(const ModelShape& shape, std::uint64_t seed,
                                        OnlineSigns online_signs = OnlineSigns::kRandom);

// A rotation that is in force, or nothing.
using OptionalRotation = std::optional<roste::Rotation>;

// The rotations that act inside a forward pass. R1 is not among them: it is merged into the
// weights.
struct LayerRotations {
  OptionalRotation r2, r3, r4;
};
std::vector<LayerRotations> in_block_rotations(const ModelShape& shape,
                                               const RotationChoice& choice);

}  // namespace trainer
