// From the basis of one choice of rotations to that of another: which tensors turn, and how. Used
// for merging (App. D) and between the rounds of Algorithm 1; in double precision, each tensor
// rounded once.
#pragma once

#include <optional>
#include <vector>

#include "reference_trainer/model/effective_weights.h"
#include "reference_trainer/roste/fold_norms.h"
#include "reference_trainer/roste/rotation_places.h"
#include "roste/cpu/rotate.h"

namespace trainer {

enum class Direction { kForward, kBack };  // x -> x R, and x -> x R^T

struct Turn {
  roste::Rotation rotation;
  Direction direction = Direction::kForward;
};
using OptionalTurn = std::optional<Turn>;

// How the basis of stored weights changes. R3 is never part of a weight.
struct BasisChange {
  struct Layer {
    OptionalTurn r2, r4;
  };
  OptionalTurn r1;
  std::vector<Layer> layers;  // may be empty: no in-block turn anywhere

  // The turn of rotation 0 ... 4 at `layer`; null where nothing turns.
  const Turn* at(std::size_t layer, int rotation) const;
};

// What takes weights stored as `form` from the choice `from` to the choice `to`. Throws
// std::invalid_argument when seed or signs differ, or `form` is kEffective.
BasisChange basis_change(const ModelShape& shape, WeightForm form, const RotationChoice& from,
                         const RotationChoice& to);

// How one tensor [rows, cols] turns: its columns are the inputs of a weight or the values of a
// vector, its rows the outputs.
struct TensorTurn {
  const Turn* columns = nullptr;
  const Turn* rows = nullptr;
  bool any() const { return columns != nullptr || rows != nullptr; }
};

// Calls visit(tensor, turn) for every tensor of p that turns.
template <Backend B, class Visit>
void for_each_turning(Parameters<B>& p, const BasisChange& change, Visit&& visit) {
  const auto maybe = [&](Tensor<B>& tensor, const TensorTurn& turn) {
    if (turn.any() && !tensor.empty()) visit(tensor, turn);
  };
  maybe(p.embedding, {change.at(0, 1)});
  maybe(p.head, {change.at(0, 1)});
  for (std::size_t i = 0; i < p.layers.size(); ++i) {
    for (const Linear l : kLinears) {
      const Turn* outputs = change.at(i, output_rotation_of(l));
      maybe(p.layers[i].weight[l], {change.at(i, input_rotation_of(l)), outputs});
      maybe(p.layers[i].bias[l], {outputs});
    }
  }
}

// Both sides of one matrix of doubles.
inline void turn_matrix(const TensorTurn& turn, DoubleMatrix w) {
  if (turn.columns != nullptr) {
    const bool forward = turn.columns->direction == Direction::kForward;
    forward ? roste::cpu::rotate_rows(turn.columns->rotation, w)
            : roste::cpu::rotate_rows_transposed(turn.columns->rotation, w);
  }
  if (turn.rows != nullptr) {
    const bool forward = turn.rows->direction == Direction::kForward;
    forward ? roste::cpu::rotate_columns(turn.rows->rotation, w)
            : roste::cpu::rotate_columns_transposed(turn.rows->rotation, w);
  }
}

// One tensor, rounded once.
template <Backend B>
void turn_tensor(B& backend, const TensorTurn& turn, Tensor<B>& tensor) {
  transform_in_double(backend, tensor, [&](DoubleMatrix wide) { turn_matrix(turn, wide); });
}

// Every tensor of p. Norms must be folded where R1 turns. Effective weights become stale and the
// plan is not changed: callers see to both.
template <Backend B>
void turn_parameters(B& backend, const BasisChange& change, Parameters<B>& p) {
  for_each_turning(p, change, [&](Tensor<B>& tensor, const TensorTurn& turn) {
    turn_tensor(backend, turn, tensor);
  });
}

// The same model without any rotation or quantizer, folded: masters turn back in double precision.
// Weights must not be kEffective (std::invalid_argument).
template <Backend B>
void unrotate(B& backend, Network<B>& network) {
  fold_norms(backend, network);  // trained gains, in the basis in which they were trained
  const ForwardPlan& plan = network.plan;
  const RotationChoice none = plan.choice.without_rotations();
  turn_parameters(backend, basis_change(plan.shape, plan.weight_form, plan.choice, none),
                  network.parameters);
  const NormGains gains = plan.norm_gains;
  network.plan = plain_plan(plan.shape);
  network.plan.norm_gains = gains;
  update_effective_weights(backend, network);
}

// What eq. (12) is measured on. `network` is not changed; it is not const because lists of its
// tensors are not. Throws as unrotate.
template <Backend B>
Network<B> unrotated_copy(B& backend, Network<B>& network) {
  if (network.is_narrow())
    throw std::invalid_argument("unrotated_copy: expected parameters in float32, got bfloat16");
  Network<B> plain = make_network(backend, network.plan);
  const auto from = tensor_list(network.parameters), to = tensor_list(plain.parameters);
  for (std::size_t t = 0; t < from.size(); ++t) copy(backend, *from[t].tensor, *to[t].tensor);
  unrotate(backend, plain);
  return plain;
}

}  // namespace trainer
