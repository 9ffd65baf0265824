#include <algorithm>
#include <functional>
#include <stdexcept>
#include <string>

#include "reference_trainer/backend/copy.h"

namespace trainer {
namespace {

constexpr std::int64_t kValuesPerTask = 1 << 16;  // 256 KiB: some 10 microseconds of copying

template <class Body>  // body(begin, end)
void for_value_ranges(Cpu& cpu, std::int64_t values, const Body& body) {
  const auto task = [&](std::int64_t i) {
    const std::int64_t begin = i * kValuesPerTask;
    body(begin, std::min(values, begin + kValuesPerTask));
  };
  cpu.pool().parallel_for((values + kValuesPerTask - 1) / kValuesPerTask, std::cref(task));
}

void require_size(const char* where, std::size_t host_values, std::int64_t tensor_values) {
  if (host_values == static_cast<std::size_t>(tensor_values)) return;
  throw std::invalid_argument(std::string(where) + ": got " + std::to_string(host_values) +
                              " host values, expected the " + std::to_string(tensor_values) +
                              " of the tensor");
}

}  // namespace

template <class T>
void copy_to_device(Cpu&, std::span<const T> host, Tensor<Cpu, T>& to) {
  require_size("copy_to_device", host.size(), to.size());
  std::copy(host.begin(), host.end(), to.data());
}

template <class T>
void copy_to_host(Cpu&, const Tensor<Cpu, T>& from, std::span<T> host) {
  require_size("copy_to_host", host.size(), from.size());
  std::copy_n(from.data(), from.size(), host.begin());
}

void copy(Cpu& cpu, const Tensor<Cpu>& from, Tensor<Cpu>& to) {
  to.reshape(cpu, from.rows(), from.cols());
  for_value_ranges(cpu, from.size(), [&](std::int64_t begin, std::int64_t end) {
    std::copy(from.data() + begin, from.data() + end, to.data() + begin);
  });
}

void fill_zero(Cpu& cpu, Tensor<Cpu>& tensor) {
  for_value_ranges(cpu, tensor.size(), [&](std::int64_t begin, std::int64_t end) {
    std::fill(tensor.data() + begin, tensor.data() + end, 0.0f);
  });
}

template void copy_to_device(Cpu&, std::span<const float>, Tensor<Cpu>&);
template void copy_to_device(Cpu&, std::span<const std::int32_t>, Indices<Cpu>&);
template void copy_to_device(Cpu&, std::span<const std::uint8_t>, Tensor<Cpu, std::uint8_t>&);
template void copy_to_device(Cpu&, std::span<const std::uint16_t>, Tensor<Cpu, std::uint16_t>&);
template void copy_to_host(Cpu&, const Tensor<Cpu>&, std::span<float>);
template void copy_to_host(Cpu&, const Indices<Cpu>&, std::span<std::int32_t>);
template void copy_to_host(Cpu&, const Tensor<Cpu, std::uint8_t>&, std::span<std::uint8_t>);
template void copy_to_host(Cpu&, const Tensor<Cpu, std::uint16_t>&, std::span<std::uint16_t>);

}  // namespace trainer
