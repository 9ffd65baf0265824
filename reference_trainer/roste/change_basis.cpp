#include "reference_trainer/roste/change_basis.h"

#include <stdexcept>

namespace trainer {
namespace {

enum class Use { kOff, kOn };
constexpr Use use_of(RotationMask mask, int rotation) {
  return mask.r(rotation) ? Use::kOn : Use::kOff;
}

OptionalTurn turn_between(Use from, Use to, const roste::Rotation& rotation) {
  if (from == to) return std::nullopt;
  return Turn{rotation, to == Use::kOn ? Direction::kForward : Direction::kBack};
}

}  // namespace

const Turn* BasisChange::at(std::size_t layer, int rotation) const {
  const auto pointer = [](const OptionalTurn& t) { return t ? &*t : nullptr; };
  if (rotation == 1) return pointer(r1);
  if (layers.empty() || (rotation != 2 && rotation != 4)) return nullptr;
  return pointer(rotation == 2 ? layers[layer].r2 : layers[layer].r4);
}

BasisChange basis_change(const ModelShape& shape, WeightForm form, const RotationChoice& from,
                         const RotationChoice& to) {
  if (form == WeightForm::kEffective)
    throw std::invalid_argument("basis_change: weights on a quantizer's grid cannot be rotated");
  if (from.seed != to.seed || from.online_signs != to.online_signs)
    throw std::invalid_argument("basis_change: the choices have different matrices");
  const RotationMatrices h = make_rotation_matrices(shape, to.seed, to.online_signs);
  BasisChange change;
  change.r1 = turn_between(use_of(from.layers[0], 1), use_of(to.layers[0], 1), h.r1);
  if (form == WeightForm::kMaster) return change;
  for (std::size_t i = 0; i < h.layers.size(); ++i) {
    const RotationMask a = from.layers[i], b = to.layers[i];
    change.layers.push_back({turn_between(use_of(a, 2), use_of(b, 2), h.layers[i].r2),
                             turn_between(use_of(a, 4), use_of(b, 4), h.layers[i].r4)});
  }
  return change;
}

}  // namespace trainer
