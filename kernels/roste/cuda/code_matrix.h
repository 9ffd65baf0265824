// Codes of a matrix in device memory, a byte each or two to a byte, and the checks of both.
#pragma once

#include <concepts>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <string>

#include "roste/core/grid.h"
#include "roste/core/groups.h"
#include "roste/cuda/body/codes.h"
#include "roste/cuda/matrix.h"

namespace roste::cuda {

// Throws std::invalid_argument unless there is one GroupParams for each group.
inline void check_params(const GroupLayout& layout, std::size_t params) {
  if (params == static_cast<std::size_t>(layout.count)) return;
  throw std::invalid_argument("roste: " + std::to_string(params) + " group parameters for " +
                              std::to_string(layout.count) + " groups");
}

// One code per byte: int8 for symmetric grids, uint8 for others.
template <class Code>
requires std::same_as<Code, std::uint8_t> || std::same_as<Code, std::int8_t>
struct CodeBytes {
  DeviceMatrix<Code> codes;

  // The codes of a rows x cols matrix on this grid. Throws std::invalid_argument for another shape,
  // or a type that does not hold the grid's codes.
  CodeMatrix<std::uint8_t> checked(const Grid& grid, const GroupLayout&, std::int64_t rows,
                                   std::int64_t cols) const {
    detail::check_same_shape("codes", codes, DeviceMatrix<const Code>(nullptr, rows, cols));
    if (grid.codes.min < std::numeric_limits<Code>::min() ||
        grid.codes.max > std::numeric_limits<Code>::max()) {
      throw std::invalid_argument("roste: codes " + std::to_string(grid.codes.min) + " to " +
                                  std::to_string(grid.codes.max) + " do not fit " +
                                  (std::same_as<Code, std::int8_t> ? "int8" : "uint8"));
    }
    return {reinterpret_cast<std::uint8_t*>(codes.data), codes.stride, CodeStorage::kBytes};
  }
};

template <class Code>
CodeBytes(DeviceMatrix<Code>) -> CodeBytes<Code>;

// Two 4-bit codes per byte in the layout of core/packing.h, each row from a byte border.
struct CodeNibbles {
  DeviceMatrix<std::uint8_t> bytes;  // [rows, packed_bytes(cols, 4)]

  // As above; throws also for a grid of more than 4 bits, and where a group ends inside of a byte.
  CodeMatrix<std::uint8_t> checked(const Grid& grid, const GroupLayout& layout, std::int64_t rows,
                                   std::int64_t cols) const {
    detail::check_same_shape("packed codes", bytes,
                             DeviceMatrix<const std::uint8_t>(nullptr, rows, (cols + 1) / 2));
    if (grid.codes.max - grid.codes.min > 15) {
      throw std::invalid_argument("roste: codes " + std::to_string(grid.codes.min) + " to " +
                                  std::to_string(grid.codes.max) + " do not fit 4 bits");
    }
    if (layout.groups_per_row > 1 && layout.run % 2 != 0) {
      throw std::invalid_argument("roste: packing groups of " + std::to_string(layout.run) +
                                  " codes two to a byte; expected an even number");
    }
    return {bytes.data, bytes.stride, CodeStorage::kNibbles};
  }
};

template <class T>
inline constexpr bool kIsCodeView = std::same_as<T, CodeNibbles>;
template <class Code>
inline constexpr bool kIsCodeView<CodeBytes<Code>> = true;

// Where quantized matrices are written to and read from.
template <class T>
concept CodeView = kIsCodeView<T>;

// The same codes for a kernel that reads them.
inline CodeMatrix<const std::uint8_t> read_only(const CodeMatrix<std::uint8_t>& codes) {
  return {codes.data, codes.stride, codes.storage};
}

}  // namespace roste::cuda
