// Host memory to a backend's tensors and back.
#pragma once

#include <span>
#include <vector>

#include "reference_trainer/backend/backend.h"

namespace trainer {

// host.size() must equal to.size().
template <class T>
void copy_to_device(Cpu&, std::span<const T> host, Tensor<Cpu, T>& to);

// Values of `from`, row-major.
template <class T>
void copy_to_host(Cpu&, const Tensor<Cpu, T>& from, std::span<T> host);

// The values of `from` on the host, valid while both live: a backend whose memory is another's
// copies them to `storage`; here they are where they are.
inline std::span<const float> host_values(Cpu&, const Tensor<Cpu>& from, std::vector<float>&) {
  return {from.data(), static_cast<std::size_t>(from.size())};
}

// to := from, reshaping `to`. They must not be the same tensor.
void copy(Cpu& cpu, const Tensor<Cpu>& from, Tensor<Cpu>& to);

// Sets every value to zero.
void fill_zero(Cpu& cpu, Tensor<Cpu>& tensor);

}  // namespace trainer
