#include "reference_trainer/io/rounded.h"

#include <cstring>
#include <stdexcept>
#include <string>

#include "reference_trainer/io/half.h"

namespace trainer {
namespace {

[[noreturn]] void throw_not_a_float(DType dtype) {
  throw std::invalid_argument(std::string("rounding to ") + dtype_name(dtype) +
                              "; expected F32, F16 or BF16");
}

void check_sizes(DType dtype, std::size_t values, std::size_t bytes) {
  if (bytes == values * dtype_size(dtype)) return;
  throw std::invalid_argument("rounding " + std::to_string(values) + " values to " +
                              std::to_string(bytes) + " bytes of " + dtype_name(dtype));
}

// Bytes of a file need not be aligned, so numbers go through memcpy.
template <class Stored, class Encode>
void encode_all(std::span<const double> values, Encode encode, std::span<std::byte> bytes) {
  for (std::size_t i = 0; i < values.size(); ++i) {
    const Stored stored = encode(values[i]);
    std::memcpy(bytes.data() + i * sizeof stored, &stored, sizeof stored);
  }
}

template <class Stored, class Decode>
void decode_all(std::span<const std::byte> bytes, Decode decode, std::span<float> values) {
  for (std::size_t i = 0; i < values.size(); ++i) {
    Stored stored;
    std::memcpy(&stored, bytes.data() + i * sizeof stored, sizeof stored);
    values[i] = decode(stored);
  }
}

}  // namespace

double unit_roundoff(DType dtype) {
  switch (dtype) {
    case DType::kF32:
      return 0x1p-24;
    case DType::kF16:
      return 0x1p-11;
    case DType::kBF16:
      return 0x1p-8;
    default:
      throw_not_a_float(dtype);
  }
}

void round_values(DType dtype, std::span<const double> values, std::span<std::byte> bytes) {
  check_sizes(dtype, values.size(), bytes.size());
  switch (dtype) {
    case DType::kF32:
      return encode_all<float>(
          values, [](double v) { return static_cast<float>(v); }, bytes);
    case DType::kF16:
      return encode_all<std::uint16_t>(values, f16_from_double, bytes);
    case DType::kBF16:
      return encode_all<std::uint16_t>(values, bf16_from_double, bytes);
    default:
      throw_not_a_float(dtype);
  }
}

std::vector<float> rounded_floats(DType dtype, std::span<const double> values) {
  std::vector<std::byte> bytes(values.size() * dtype_size(dtype));
  std::vector<float> rounded(values.size());
  round_values(dtype, values, bytes);
  read_rounded(dtype, bytes, rounded);
  return rounded;
}

void read_rounded(DType dtype, std::span<const std::byte> bytes, std::span<float> values) {
  check_sizes(dtype, values.size(), bytes.size());
  switch (dtype) {
    case DType::kF32:
      return decode_all<float>(
          bytes, [](float v) { return v; }, values);
    case DType::kF16:
      return decode_all<std::uint16_t>(bytes, float_from_f16, values);
    case DType::kBF16:
      return decode_all<std::uint16_t>(bytes, float_from_bf16, values);
    default:
      throw_not_a_float(dtype);
  }
}

}  // namespace trainer
