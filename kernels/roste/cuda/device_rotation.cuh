// A Rotation whose tables lie on a device.
#pragma once

#include <cstdint>

#include "roste/cuda/device_memory.cuh"
#include "roste/cuda/rotation_tables.h"

namespace roste::cuda {

// Made once per rotation and device, then const; any stream may use it.
class DeviceRotation {
 public:
  // Copies the tables of both directions to the current device. Throws CudaError.
  explicit DeviceRotation(const Rotation& rotation)
      : plain_(rotation, Side::kPlain), transposed_(rotation, Side::kTransposed) {}

  RotationView view(Side side) const {
    return side == Side::kPlain ? plain_.view() : transposed_.view();
  }
  std::int64_t size() const { return plain_.view().size; }

 private:
  class Direction {
   public:
    Direction(const Rotation& rotation, Side side) : Direction(RotationTables(rotation, side)) {}
    RotationView view() const { return view_; }

   private:
    explicit Direction(const RotationTables& tables)
        : sign_bits_(tables.sign_bits()),
          terms_(tables.terms()),
          factors_(tables.factors()),
          blocks_(tables.blocks()),
          view_(tables.view(sign_bits_.data(), terms_.data(), factors_.data(), blocks_.data())) {}

    DeviceArray<std::uint32_t> sign_bits_;
    DeviceArray<TermSigns> terms_;
    DeviceArray<FoldedFactors> factors_;
    DeviceArray<QuadBlocks> blocks_;
    RotationView view_;
  };

  Direction plain_;
  Direction transposed_;
};

}  // namespace roste::cuda
