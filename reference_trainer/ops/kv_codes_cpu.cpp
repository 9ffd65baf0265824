#include "reference_trainer/ops/kv_codes.h"
#include "reference_trainer/ops/quant_scheme.h"
#include "roste/cpu/kv_cache.h"

namespace trainer {
namespace {

using roste::cpu::MatrixView;

template <int bits, class Symmetry, class RangeOf>
class KvCodesOf final : public KvCodes {
 public:
  explicit KvCodesOf(const CodedKvShape& s)
      : cache_({s.kv_heads, s.head_dim}, s.capacity, s.quantizer.clip) {}

  std::int64_t tokens() const override { return cache_.tokens(); }
  void append(MatrixView<const float> x) override { cache_.append(x); }
  void read(std::int64_t head, MatrixView<float> x) const override { cache_.read(head, 0, x); }
  void dot(std::int64_t head, std::span<const float> query,
           std::span<float> scores) const override {
    cache_.dot(head, query, scores);
  }
  void weighted_sum(std::int64_t head, std::span<const float> weights,
                    std::span<float> out) const override {
    cache_.weighted_sum(head, weights, out);
  }

 private:
  roste::cpu::KvCache<roste::QuantSpec<bits, Symmetry, roste::PerGroup<roste::kDynamic>, RangeOf>>
      cache_;
};

template <int bits>
std::unique_ptr<KvCodes> make_of_bits(const CodedKvShape& shape) {
  switch (range_rule(shape.quantizer)) {
    case roste::RangeRule::kSymmetric:
      return std::make_unique<KvCodesOf<bits, roste::Symmetric, roste::ZeroIncluded>>(shape);
    case roste::RangeRule::kTight:
      return std::make_unique<KvCodesOf<bits, roste::Asymmetric, roste::TightRange>>(shape);
    case roste::RangeRule::kPaperEq4:
      return std::make_unique<KvCodesOf<bits, roste::Asymmetric, roste::PaperEq4>>(shape);
    default:
      return std::make_unique<KvCodesOf<bits, roste::Asymmetric, roste::ZeroIncluded>>(shape);
  }
}

}  // namespace

std::unique_ptr<KvCodes> make_kv_codes(const CodedKvShape& shape) {
  switch (shape.quantizer.bits) {
    case 2:
      return make_of_bits<2>(shape);
    case 3:
      return make_of_bits<3>(shape);
    case 4:
      return make_of_bits<4>(shape);
    case 5:
      return make_of_bits<5>(shape);
    case 6:
      return make_of_bits<6>(shape);
    case 7:
      return make_of_bits<7>(shape);
    case 8:
      return make_of_bits<8>(shape);
    default:
      throw std::invalid_argument("a cache of codes of " + std::to_string(shape.quantizer.bits) +
                                  " bits; expected 2 to 8");
  }
}

}  // namespace trainer
