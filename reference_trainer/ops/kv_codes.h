// Keys or values of one sequence, as codes of a quantizer that is known when the program runs.
// Private to the *_cpu.cpp files.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "reference_trainer/ops/coded_attention.h"
#include "roste/cpu/matrix_view.h"

namespace trainer {

// The verbs of roste::cpu::KvCache, whose comments hold.
class KvCodes {
 public:
  virtual ~KvCodes() = default;
  virtual std::int64_t tokens() const = 0;
  virtual void append(roste::cpu::MatrixView<const float> x) = 0;
  virtual void read(std::int64_t head, roste::cpu::MatrixView<float> x) const = 0;
  virtual void dot(std::int64_t head, std::span<const float> query,
                   std::span<float> scores) const = 0;
  virtual void weighted_sum(std::int64_t head, std::span<const float> weights,
                            std::span<float> out) const = 0;
};

std::unique_ptr<KvCodes> make_kv_codes(const CodedKvShape& shape);

}  // namespace trainer
