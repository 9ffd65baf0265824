// App. D: a folded, unrotated network under its rotations and quantizers.
#pragma once

#include "reference_trainer/roste/change_basis.h"

namespace trainer {

// R1 into every weight that reads or writes the residual stream, in double precision. Norms must be
// folded; the model computes the same function afterwards, up to rounding. Effective weights become
// stale. The plan's choice is not changed: callers set it.
template <Backend B>
void merge_r1(B& backend, const roste::Rotation& r1, Parameters<B>& p) {
  turn_parameters(backend, {Turn{r1, Direction::kForward}, {}}, p);
}

// Puts a folded, unrotated network under `choice` and `quant`: merges R1 where it is chosen, sets
// the in-block rotations, and recomputes the effective weights. With the form kMerged, R2 and R4
// are merged as well, in the same rounding.
template <Backend B>
void apply_plan(B& backend, const QuantConfig& quant, const RotationChoice& choice, WeightForm form,
                Network<B>& network) {
  const ModelShape shape = network.plan.shape;
  turn_parameters(backend, basis_change(shape, form, choice.without_rotations(), choice),
                  network.parameters);
  const NormGains gains = network.plan.norm_gains;
  network.plan = make_plan(shape, quant, choice);
  network.plan.weight_form = form;
  network.plan.norm_gains = gains;
  update_effective_weights(backend, network);
}

// The same with masters unrotated for R2 and R4, as eq. (15) has it.
template <Backend B>
void apply_plan(B& backend, const QuantConfig& quant, const RotationChoice& choice,
                Network<B>& network) {
  apply_plan(backend, quant, choice, WeightForm::kMaster, network);
}

}  // namespace trainer
