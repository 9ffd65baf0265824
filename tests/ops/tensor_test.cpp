// Memory of tensors: aligned, and named where there is none.
#include <gtest/gtest.h>

#include <cstdint>
#include <string>

#include "reference_trainer/backend/backend.h"
#include "reference_trainer/base/error.h"

namespace trainer {
namespace {

TEST(TensorMemory, StartsAtACacheLineAndIsKept) {
  Cpu cpu(1);
  Tensor<Cpu> t(cpu, 3, 5);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(t.data()) % 64, 0u);
  const float* const before = t.data();
  t.reshape(cpu, 5, 2);
  EXPECT_EQ(t.data(), before);
  EXPECT_EQ(t.size(), 10);
}

TEST(TensorMemory, DF05_WhatDoesNotFitIsSaidInBytes) {
  Cpu cpu(1);
  constexpr std::int64_t kRows = std::int64_t{1} << 40;  // more than any address space
  try {
    const Tensor<Cpu> t(cpu, kRows, 1 << 16);
    FAIL() << "nobody has 2^58 bytes";
  } catch (const Error& error) {
    EXPECT_EQ(error.exit_code(), ExitCode::kIo);
    EXPECT_EQ(error.parts().code, "DF-05");
    EXPECT_EQ(error.parts().got, "no memory for a tensor of 288230376151711744 bytes");
  }
}

}  // namespace
}  // namespace trainer
