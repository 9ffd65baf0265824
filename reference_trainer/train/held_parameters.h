// Parameters as a training holds them: float32, bfloat16 beside masters in float32, or bfloat16
// alone.
#pragma once

#include <algorithm>
#include <vector>

#include "reference_trainer/base/random.h"
#include "reference_trainer/model/narrow_parameters.h"
#include "reference_trainer/train/settings.h"

namespace trainer {

inline constexpr std::uint64_t kRoundingStream = 0xb7f16;  // apart from the order of the samples

// The key of the draws by which tensor `tensor` of tensor_list is rounded after step `step`.
inline std::uint64_t rounding_key(std::uint64_t seed, std::int64_t step, std::size_t tensor) {
  const std::uint64_t run = mixed_bits(seed ^ kRoundingStream);
  return roste::random_bits(roste::random_bits(run, static_cast<std::uint64_t>(step)), tensor);
}

// The i-th tensors of all lists belong together.
template <Backend B>
class HeldParameters {
 public:
  // Of a network and its masters, which may have none; both must outlive this.
  HeldParameters(Network<B>& network, Parameters<B>& masters) : network_(network) {
    if (!network.is_narrow()) values_ = tensor_list(network.parameters);
    if (!masters.embedding.empty()) values_ = tensor_list(masters);
    if (network.is_narrow()) halves_ = tensor_list(network.narrow);
  }

  // Calls update(w) for the i-th tensor in float32, and holds what that leaves. `key` is of the
  // draws of tensors that are rounded stochastically.
  template <class Update>
  void update(B& backend, std::size_t i, std::uint64_t key, const Update& update) {
    if (values_.empty()) return update_drawn(backend, key, update, *halves_[i].tensor);
    update(*values_[i].tensor);
    if (!halves_.empty()) round_to_nearest(backend, *values_[i].tensor, *halves_[i].tensor);
  }

  // After the last tensor: what the network derives from its parameters.
  void finish(B& backend) {
    if (!halves_.empty()) show_vectors(backend, network_);
    update_effective_weights(backend, network_);
  }

 private:
  template <class Update>
  static void update_drawn(B& backend, std::uint64_t key, const Update& update,
                           BFloat16s<B>& halves) {
    Tensor<B> w;
    widen(backend, halves, w);
    update(w);
    round_stochastically(backend, key, w, halves);
  }

  Network<B>& network_;
  std::vector<NamedTensor<B>> values_;                 // float32; none: bfloat16 is all there is
  std::vector<NamedTensor<B, std::uint16_t>> halves_;  // none: float32 is all there is
};

// From float32 parameters to those of a training that begins; `state` has masters. Does nothing for
// float32.
template <Backend B, class State>
void hold_parameters(B& backend, ParamDType dtype, MasterWeights masters, Network<B>& network,
                     State& state) {
  if (dtype == ParamDType::kFloat32) return;
  Parameters<B> values = narrow_parameters(backend, network);
  if (masters == MasterWeights::kFloat32) state.masters = std::move(values);
}

}  // namespace trainer
