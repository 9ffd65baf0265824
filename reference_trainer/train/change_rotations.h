// Between two rounds of Algorithm 1: a network in training takes other rotations (line 5).
#pragma once

#include <array>
#include <string_view>

#include "reference_trainer/roste/merge_rotations.h"
#include "reference_trainer/train/step.h"

namespace trainer {

// What becomes of Adam's moments of a tensor whose basis changes. Adam is not
// rotation-equivariant: v belongs to single coordinates and has no counterpart in another basis.
enum class MomentPolicy {
  kReset,  // m = v = 0, and the bias correction of that tensor counts afresh, so its steps are
           // as long as at the start of a run. The default: nothing stale is used
  kRotateFirst,  // m is linear in the gradients and turns as the tensor does; v stays as it is
  kKeep,         // both stay as they are, numbers that belonged to other coordinates
};

// The words for them, in flags and files; indexed by the enumerators.
inline constexpr std::array<std::string_view, 3> kMomentPolicyNames = {"reset", "rotate_first",
                                                                       "keep"};
constexpr std::string_view name_of(MomentPolicy policy) {
  return kMomentPolicyNames[static_cast<std::size_t>(policy)];
}

// Zero moments of the tensor at `index` of tensor_list.
template <Backend B>
void clear_moments(B& backend, std::size_t index, TrainingState<B>& state) {
  fill_zero(backend, *tensor_list(state.m)[index].tensor);
  fill_zero(backend, *tensor_list(state.v)[index].tensor);
}
template <Backend B>
void clear_moments(B& backend, std::size_t index, EightBitState<B>& state) {
  const Tensor<B, std::uint8_t>& codes = state.m[index].codes;
  const std::int64_t rows = codes.rows(), cols = codes.cols();
  reset_moment(backend, signed_codebook(), rows, cols, state.m[index]);
  reset_moment(backend, unsigned_codebook(), rows, cols, state.v[index]);
}

// The first moment of the tensor at `index` turns as the tensor does.
template <Backend B>
void turn_first_moment(B& backend, std::size_t index, const TensorTurn& turn,
                       TrainingState<B>& state) {
  turn_tensor(backend, turn, *tensor_list(state.m)[index].tensor);
}
template <Backend B>
void turn_first_moment(B& backend, std::size_t index, const TensorTurn& turn,
                       EightBitState<B>& state) {
  Tensor<B> values;
  decode_moment(backend, signed_codebook(), state.m[index], values);
  turn_tensor(backend, turn, values);
  encode_moment(backend, signed_codebook(), values, state.m[index]);
}

// Zero moments of the tensor at `index` of tensor_list, as before step `step`.
template <Backend B, class State>
void reset_moments(B& backend, std::size_t index, std::int64_t step, State& state) {
  clear_moments(backend, index, state);
  state.moments_since[index] = step;
}

// Moments of every tensor that turns, for the step `step` that comes next.
template <Backend B, class State>
void turn_moments(B& backend, const BasisChange& change, MomentPolicy policy, std::int64_t step,
                  State& state) {
  const auto list = tensor_list(state.gradients);
  for_each_turning(state.gradients, change, [&](Tensor<B>& gradient, const TensorTurn& turn) {
    const auto same = [&](const NamedTensor<B>& t) { return t.tensor == &gradient; };
    const auto index = static_cast<std::size_t>(std::ranges::find_if(list, same) - list.begin());
    if (policy == MomentPolicy::kRotateFirst) turn_first_moment(backend, index, turn, state);
    if (policy == MomentPolicy::kReset) reset_moments(backend, index, step, state);
  });
}

// R1 turns the stream, and only gains of one commute with that: trained gains are absorbed first,
// in the basis in which they were trained, and start again from ones. Their moments are those of
// parameters that no longer exist, and go unless the policy keeps everything.
template <Backend B, class State>
void fold_trained_gains(B& backend, MomentPolicy policy, std::int64_t step, Network<B>& network,
                        State& state) {
  fold_norms(backend, network);
  network.plan.norm_gains = NormGains::kFoldedTrained;
  if (policy == MomentPolicy::kKeep) return;
  const auto list = tensor_list(state.gradients);
  for (std::size_t t = 0; t < list.size(); ++t) {
    if (list[t].kind == TensorKind::kNormGain) reset_moments(backend, t, step, state);
  }
}

// Takes the network from the choice of its plan to `choice`, before step `step`: stored weights
// turn in double precision, and only those whose basis changes; the function at full precision is
// the same up to that rounding. Quantizers, weight form and gains of the plan stay. Throws
// std::invalid_argument when seed or signs of the choices differ, and for parameters in bfloat16.
template <Backend B, class State>
void change_rotations(B& backend, const RotationChoice& choice, MomentPolicy policy,
                      std::int64_t step, Network<B>& network, State& state) {
  if (network.is_narrow())
    throw std::invalid_argument("change_rotations: expected parameters in float32, got bfloat16");
  ForwardPlan& plan = network.plan;
  const BasisChange change = basis_change(plan.shape, plan.weight_form, plan.choice, choice);
  if (change.r1 && plan.norm_gains == NormGains::kFoldedTrained)
    fold_trained_gains(backend, policy, step, network, state);
  turn_parameters(backend, change, network.parameters);
  turn_moments(backend, change, policy, step, state);
  plan.choice = choice;
  plan.rotations = in_block_rotations(plan.shape, choice);
  update_effective_weights(backend, network);
}

}  // namespace trainer
