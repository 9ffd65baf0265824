// The quantized key/value cache: what goes in, what comes out, and attention's two products.
#include "roste/cpu/kv_cache.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "roste/core/number_types.h"
#include "roste/cpu/quantize.h"
#include "tests/library/kv_cases.h"

namespace roste::cpu {
namespace {

using testing::bits_of;
using testing::kv_values;
using testing::matrix;

template <class Spec>
class KvCacheOf : public ::testing::Test {};
TYPED_TEST_SUITE(KvCacheOf, testing::KvSpecs);

// The codes and parameters of rows [rows, head_dim], by the verbs of cpu/quantize.h.
template <class Spec>
struct PlainRows {
  PlainRows(const std::vector<float>& x, std::int64_t head_dim)
      : scheme{Quantizer<Spec>(head_dim).scheme().grid, {Grouping::Kind::kRow, 0}},
        codes(x.size()),
        params(x.size() / static_cast<std::size_t>(head_dim)) {
    const auto rows = static_cast<std::int64_t>(params.size());
    quantize(scheme, MatrixView<const float>(x.data(), rows, head_dim),
             std::span<GroupParams>(params),
             MatrixView<std::int16_t>(codes.data(), rows, head_dim));
  }
  float u(std::size_t row, std::size_t i, std::size_t head_dim) const {
    return static_cast<float>(codes[row * head_dim + i] - params[row].zero);
  }
  Scheme scheme;
  std::vector<std::int16_t> codes;
  std::vector<GroupParams> params;
};

// (k u) / (1 - k u), u = 2^-24: the relative error of k roundings in sequence.
double gamma_of(double k) { return k * 0x1p-24 / (1 - k * 0x1p-24); }

TYPED_TEST(KvCacheOf, ReadsBackWhatFakeQuantizeGives) {
  for (const std::int64_t head_dim : {1, 7, 16, 40, 64, 128}) {
    const std::vector<float> x = kv_values(5, 2 * head_dim, 1);
    KvCache<TypeParam> cache({2, head_dim}, 5);
    cache.append(matrix(x, 5));
    std::vector<float> expected = x;
    fake_quantize(Quantizer<TypeParam>(head_dim),
                  MatrixView<float>(expected.data(), 5, 2 * head_dim));
    for (std::int64_t head = 0; head < 2; ++head) {
      std::vector<float> read(static_cast<std::size_t>(3 * head_dim));
      cache.read(head, 2, MatrixView<float>(read.data(), 3, head_dim));
      for (std::int64_t i = 0; i < 3 * head_dim; ++i) {
        const std::int64_t token = 2 + i / head_dim, col = head * head_dim + i % head_dim;
        ASSERT_EQ(bits_of(read[static_cast<std::size_t>(i)]),
                  bits_of(expected[static_cast<std::size_t>(token * 2 * head_dim + col)]))
            << head_dim << " " << head << " " << i;
      }
    }
  }
}

TYPED_TEST(KvCacheOf, ScoresAreThoseOfTheCodesOnEveryIsa) {
  for (const std::int64_t head_dim : {1, 8, 16, 40, 80, 128}) {
    const auto n = static_cast<std::size_t>(head_dim);
    const std::vector<float> x = kv_values(9, head_dim, 2), query = kv_values(1, head_dim, 3);
    const PlainRows<TypeParam> rows(x, head_dim);
    KvCache<TypeParam> cache({1, head_dim}, 9);
    cache.append(matrix(x, 9));
    std::vector<float> portable(9), scores(9);
    cache.dot(0, query, portable, Isa::kPortable);
    for (std::size_t t = 0; t < 9; ++t) {
      double exact = 0, magnitude = 0;
      for (std::size_t i = 0; i < n; ++i) {
        exact += static_cast<double>(query[i]) * rows.u(t, i, n);
        magnitude += std::fabs(static_cast<double>(query[i]) * rows.u(t, i, n));
      }
      const double scale = rows.params[t].scale;
      // A lane has head_dim / 16 roundings, the tree 4, the scale 1.
      const double bound = gamma_of(std::ceil(static_cast<double>(n) / 16) + 5) * magnitude * scale;
      ASSERT_NEAR(portable[t], exact * scale, bound) << head_dim << " " << t;
    }
    for (const Isa isa : kAllIsas) {
      if (!isa_supported(isa)) continue;
      cache.dot(0, query, scores, isa);
      ASSERT_EQ(bits_of(scores), bits_of(portable)) << head_dim << " " << isa_name(isa);
    }
  }
}

TYPED_TEST(KvCacheOf, WeightedSumsAreThoseOfTheCodesOnEveryIsa) {
  for (const std::int64_t head_dim : {1, 8, 16, 40, 80, 144}) {
    const auto n = static_cast<std::size_t>(head_dim);
    const std::vector<float> x = kv_values(9, head_dim, 4), weights = kv_values(1, 9, 5);
    const PlainRows<TypeParam> rows(x, head_dim);
    KvCache<TypeParam> cache({1, head_dim}, 9);
    cache.append(matrix(x, 9));
    std::vector<float> portable(n), sums(n);
    cache.weighted_sum(0, weights, portable, Isa::kPortable);
    for (std::size_t i = 0; i < n; ++i) {
      double exact = 0, magnitude = 0;
      for (std::size_t t = 0; t < 9; ++t) {
        const double term =
            static_cast<double>(weights[t]) * rows.params[t].scale * rows.u(t, i, n);
        exact += term;
        magnitude += std::fabs(term);
      }
      // One rounding of weight times scale, one for each of the nine tokens.
      ASSERT_NEAR(portable[i], exact, gamma_of(10) * magnitude) << head_dim << " " << i;
    }
    for (const Isa isa : kAllIsas) {
      if (!isa_supported(isa)) continue;
      cache.weighted_sum(0, weights, sums, isa);
      ASSERT_EQ(bits_of(sums), bits_of(portable)) << head_dim << " " << isa_name(isa);
    }
  }
}

using Kv4 = QuantSpec<4, Asymmetric, PerGroup<kDynamic>>;

TEST(KvCache, ScoresAndSumsOfALiteralRow) {
  // s = 0.5, z = 6: codes 6 + 2 x.
  const std::vector<float> x = {-3.0f, 4.5f, 1.0f, 0.0f, 0.5f, 0.0f, 0.0f, 0.0f};
  KvCache<Kv4> cache({2, 4}, 1);
  cache.append(matrix(x, 1));
  const std::vector<float> query = {1.0f, 2.0f, 3.0f, 4.0f}, weight = {2.0f};
  std::vector<float> score(1), sum(4);
  cache.dot(0, query, score);
  cache.weighted_sum(0, weight, sum);
  EXPECT_EQ(score[0], -3.0f + 9.0f + 3.0f);
  EXPECT_EQ(sum, (std::vector<float>{-6.0f, 9.0f, 2.0f, 0.0f}));
  cache.dot(1, query, score);
  EXPECT_EQ(score[0], 0.5f);
}

// 2^24 + 1 in lane 0 loses its 1 unless 16 lanes are added up apart and joined at the end.
TEST(KvCache, TheOrderOfAdditionsIsSixteenLanesThenATree) {
  using Kv8 = QuantSpec<8, Symmetric, PerGroup<32>>;
  std::vector<float> x(32, 0.0f), query(32, 0.0f), score(1);
  x[0] = x[1] = x[16] = x[9] = 127.0f;  // s = 1, codes 127
  query[0] = 0x1p24f / 127.0f;
  query[16] = 1.0f / 127.0f;
  query[1] = query[9] = 1.0f / 127.0f;
  KvCache<Kv8> cache({1, 32}, 1);
  cache.append(matrix(x, 1));
  const float lane0 = std::fma(query[16], 127.0f, std::fma(query[0], 127.0f, 0.0f));
  const float lane1 = query[1] * 127.0f + query[9] * 127.0f;
  for (const Isa isa : kAllIsas) {
    if (!isa_supported(isa)) continue;
    cache.dot(0, query, score, isa);
    EXPECT_EQ(score[0], lane0 + lane1) << isa_name(isa);
  }
}

TEST(KvCache, AppendingInPiecesIsAppendingAtOnce) {
  const std::vector<float> x = kv_values(12, 48, 6), query = kv_values(1, 24, 7);
  KvCache<Kv4> once({2, 24}, 12), pieces({2, 24}, 12);
  once.append(matrix(x, 12));
  std::int64_t done = 0;
  for (const std::int64_t count : {1, 0, 4, 2, 5}) {
    pieces.append(MatrixView<const float>(x.data() + done * 48, count, 48));
    done += count;
    EXPECT_EQ(pieces.tokens(), done);
  }
  std::vector<float> a(12), b(12);
  for (std::int64_t head = 0; head < 2; ++head) {
    once.dot(head, query, a);
    pieces.dot(head, query, b);
    EXPECT_EQ(bits_of(a), bits_of(b));
  }
}

TEST(KvCache, ValuesOfSixteenBitsGoInAndComeOut) {
  const std::vector<float> x = kv_values(3, 32, 11);
  std::vector<BFloat16> narrow;
  std::vector<float> widened;
  for (const float v : x) narrow.push_back(from_float<BFloat16>(v));
  for (const BFloat16 v : narrow) widened.push_back(to_float(v));
  KvCache<Kv4> cache({2, 16}, 3), expected({2, 16}, 3);
  cache.append(MatrixView<const BFloat16>(narrow.data(), 3, 32));
  expected.append(matrix(widened, 3));
  std::vector<float> a(48), b(48);
  cache.read(1, 0, MatrixView<float>(a.data(), 3, 16));
  expected.read(1, 0, MatrixView<float>(b.data(), 3, 16));
  EXPECT_EQ(bits_of(a), bits_of(b));
  std::vector<Half> halves(48);
  cache.read(1, 0, MatrixView<Half>(halves.data(), 3, 16));
  for (std::size_t i = 0; i < halves.size(); ++i) EXPECT_EQ(halves[i], from_float<Half>(a[i]));
}

TEST(KvCache, EveryIsaWritesAndReadsTheSameBits) {
  const std::vector<float> x = kv_values(5, 80, 12);
  std::vector<float> portable(200), read(200);
  for (const Isa isa : kAllIsas) {
    if (!isa_supported(isa)) continue;
    KvCache<Kv4> cache({2, 40}, 5);
    cache.append(matrix(x, 5), isa);
    cache.read(1, 0, MatrixView<float>(read.data(), 5, 40), isa);
    if (isa == Isa::kPortable) portable = read;
    EXPECT_EQ(bits_of(read), bits_of(portable)) << isa_name(isa);
  }
}

TEST(KvCache, TruncatedTokensAreReplaced) {
  const std::vector<float> x = kv_values(6, 16, 8), query = kv_values(1, 16, 9);
  KvCache<Kv4> straight({1, 16}, 4), again({1, 16}, 4);
  straight.append(MatrixView<const float>(x.data(), 2, 16));
  straight.append(MatrixView<const float>(x.data() + 64, 2, 16));
  again.append(matrix(std::vector<float>(x.begin(), x.begin() + 64), 4));
  again.truncate(2);
  EXPECT_EQ(again.tokens(), 2);
  again.append(MatrixView<const float>(x.data() + 64, 2, 16));
  std::vector<float> a(4), b(4);
  straight.dot(0, query, a);
  again.dot(0, query, b);
  EXPECT_EQ(bits_of(a), bits_of(b));
}

TEST(KvCache, NothingToAddUpGivesZeros) {
  const KvCache<Kv4> cache({1, 16}, 4);
  std::vector<float> sum(16, 1.0f);
  cache.weighted_sum(0, {}, sum);
  EXPECT_EQ(sum, std::vector<float>(16, 0.0f));
  cache.dot(0, sum, {});
}

TEST(KvCache, NonFiniteValuesAreNamedAndNothingIsKept) {
  std::vector<float> x = kv_values(3, 32, 10);
  x[2 * 32 + 21] = std::numeric_limits<float>::infinity();
  KvCache<Kv4> cache({2, 16}, 4);
  try {
    cache.append(matrix(x, 3));
    FAIL() << "infinity was taken";
  } catch (const NonFiniteError& e) {
    EXPECT_EQ(e.row(), 2);
    EXPECT_EQ(e.col(), 21);
  }
  EXPECT_EQ(cache.tokens(), 0);
}

TEST(KvCache, BadArgumentsAreRefused) {
  using Kv64 = QuantSpec<4, Asymmetric, PerGroup<64>>;
  EXPECT_THROW(KvCache<Kv64>({1, 32}, 4), std::invalid_argument);
  EXPECT_THROW(KvCache<Kv4>({1, 0}, 4), std::invalid_argument);
  EXPECT_THROW(KvCache<Kv4>({1, kMaxHeadDim + 1}, 4), std::invalid_argument);
  EXPECT_THROW(KvCache<Kv4>({0, 16}, 4), std::invalid_argument);
  EXPECT_THROW(KvCache<Kv4>({kMaxHeads + 1, 16}, 4), std::invalid_argument);
  EXPECT_THROW(KvCache<Kv4>({1, 16}, 0), std::invalid_argument);
  EXPECT_THROW(KvCache<Kv4>({1, 16}, kMaxTokens + 1), std::invalid_argument);
  EXPECT_THROW(KvCache<Kv4>({1, 16}, 4, 1.5f), std::invalid_argument);

  KvCache<Kv4> cache({2, 16}, 2);
  const std::vector<float> x(32 * 3, 1.0f);
  EXPECT_THROW(cache.append(matrix(x, 3)), std::length_error);
  EXPECT_THROW(cache.append(MatrixView<const float>(x.data(), 1, 16)), std::invalid_argument);
  cache.append(MatrixView<const float>(x.data(), 2, 32));
  std::vector<float> query(16), scores(2), three(3), narrow(15);
  for (const std::int64_t head : {-1, 2}) {
    EXPECT_THROW(cache.dot(head, query, scores), std::invalid_argument);
    EXPECT_THROW(cache.weighted_sum(head, scores, query), std::invalid_argument);
    EXPECT_THROW(cache.read(head, 0, MatrixView<float>(query.data(), 1, 16)),
                 std::invalid_argument);
  }
  EXPECT_THROW(cache.dot(0, query, three), std::invalid_argument);
  EXPECT_THROW(cache.dot(0, narrow, scores), std::invalid_argument);
  EXPECT_THROW(cache.weighted_sum(0, three, query), std::invalid_argument);
  EXPECT_THROW(cache.weighted_sum(0, scores, narrow), std::invalid_argument);
  EXPECT_THROW(cache.read(0, 2, MatrixView<float>(query.data(), 1, 16)), std::invalid_argument);
  EXPECT_THROW(cache.read(0, -1, MatrixView<float>(query.data(), 1, 16)), std::invalid_argument);
  EXPECT_THROW(cache.read(0, std::numeric_limits<std::int64_t>::max(),
                          MatrixView<float>(query.data(), 1, 16)),
               std::invalid_argument);
  EXPECT_THROW(cache.read(0, 0, MatrixView<float>(narrow.data(), 1, 15)), std::invalid_argument);
  EXPECT_THROW(cache.truncate(3), std::invalid_argument);
  EXPECT_THROW(cache.truncate(-1), std::invalid_argument);
  EXPECT_EQ(cache.tokens(), 2);
}

}  // namespace
}  // namespace roste::cpu
