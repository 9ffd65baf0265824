#include "reference_trainer/ops/packed_rows.h"

#include <gtest/gtest.h>

#include "tests/ops/tensors.h"

namespace trainer {
namespace {

using test::random_tensor;

QuantizerSettings settings_of(int bits, Symmetry symmetry) {
  return {bits, symmetry, Range::kZeroIncluded, 0.95f};
}

// 37 columns end inside of a byte for every width but 8; 1200 rows are several tiles.
TEST(PackedRows, GiveBackEveryBit) {
  for (const Symmetry symmetry : {Symmetry::kAsymmetric, Symmetry::kSymmetric}) {
    for (int bits = 2; bits <= 8; ++bits) {
      const auto run = [&](Cpu& cpu) {
        Tensor<Cpu> x = random_tensor(cpu, 1200, 37, 5), back;
        CodedRows<Cpu> codes;
        quantize_rows(cpu, settings_of(bits, symmetry), x, codes);
        PackedRows<Cpu> packed;
        pack_rows(cpu, codes, packed);
        EXPECT_EQ(packed.bytes.cols(), (37 * bits + 7) / 8);
        unpack_rows(cpu, packed, back);
        EXPECT_EQ(test::floats(back), test::floats(x)) << bits;
        return test::floats(back);
      };
      Cpu one(1), three(3);
      EXPECT_EQ(run(one), run(three));
    }
  }
}

TEST(PackedRows, RefuseWhatWasNotQuantized) {
  Cpu cpu(1);
  PackedRows<Cpu> packed;
  EXPECT_THROW(pack_rows(cpu, CodedRows<Cpu>(), packed), std::invalid_argument);
}

}  // namespace
}  // namespace trainer
