// Caches in pages: the same bits as in one piece, and what becomes of the pages.
#include "roste/cpu/paged_kv_cache.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <vector>

#include "tests/library/kv_cases.h"

namespace roste::cpu {
namespace {

using testing::bits_of;
using testing::kv_values;
using testing::matrix;
using Kv4 = QuantSpec<4, Asymmetric, PerGroup<kDynamic>>;

// A pool and the memory it lies in.
struct Pool {
  Pool(KvLayout layout, std::int64_t page_tokens, std::size_t pages)
      : codes(pages * layout.page_bytes(page_tokens)),
        params(pages * layout.page_params(page_tokens)),
        pool(layout, page_tokens, codes, params) {}
  std::vector<std::uint8_t> codes;
  std::vector<GroupParams> params;
  KvPagePool pool;
};

template <class Spec>
class PagedKvCacheOf : public ::testing::Test {};
TYPED_TEST_SUITE(PagedKvCacheOf, testing::KvSpecs);

TYPED_TEST(PagedKvCacheOf, GivesTheBitsOfACacheInOnePiece) {
  const KvShape shape{3, 40};
  const std::vector<float> x = kv_values(20, 120, 1), query = kv_values(1, 40, 2);
  const std::vector<float> weights = kv_values(1, 20, 3);
  KvCache<TypeParam> whole(shape, 20, 0.9f);
  whole.append(matrix(x, 20));
  for (const std::int64_t page_tokens : {1, 3, 7, 19, 20, 32}) {
    Pool memory(kv_layout<TypeParam>(shape), page_tokens, 20);
    PagedKvCache<TypeParam> other(shape, memory.pool), paged(shape, memory.pool, 0.9f);
    paged.append(MatrixView<const float>(x.data(), 5, 120));
    if (page_tokens > 1) other.append(MatrixView<const float>(x.data(), 1, 120));  // between pages
    paged.append(MatrixView<const float>(x.data() + 5 * 120, 15, 120));
    for (const Isa isa : kAllIsas) {
      if (!isa_supported(isa)) continue;
      for (const std::size_t tokens : {std::size_t{1}, std::size_t{7}, std::size_t{20}}) {
        std::vector<float> a(tokens), b(tokens), sum_a(40), sum_b(40);
        const std::span<const float> some = std::span(weights).first(tokens);
        whole.dot(2, query, a, isa);
        paged.dot(2, query, b, isa);
        ASSERT_EQ(bits_of(a), bits_of(b)) << page_tokens << " " << tokens << isa_name(isa);
        whole.weighted_sum(1, some, sum_a, isa);
        paged.weighted_sum(1, some, sum_b, isa);
        ASSERT_EQ(bits_of(sum_a), bits_of(sum_b)) << page_tokens << " " << tokens << isa_name(isa);
      }
    }
    std::vector<float> a(9 * 40), b(9 * 40);
    whole.read(1, 4, MatrixView<float>(a.data(), 9, 40));
    paged.read(1, 4, MatrixView<float>(b.data(), 9, 40));
    ASSERT_EQ(bits_of(a), bits_of(b)) << page_tokens;
  }
}

TEST(PagedKvCache, PagesAreTakenAtTheirBordersAndGivenBack) {
  const KvShape shape{2, 16};
  Pool memory(kv_layout<Kv4>(shape), 4, 5);
  const std::vector<float> x = kv_values(20, 32, 1);
  std::optional<PagedKvCache<Kv4>> cache(std::in_place, shape, memory.pool);
  EXPECT_EQ(memory.pool.free_pages(), 5);
  cache->append(MatrixView<const float>(x.data(), 4, 32));
  EXPECT_EQ(memory.pool.free_pages(), 4);
  cache->append(MatrixView<const float>(x.data(), 1, 32));
  EXPECT_EQ(memory.pool.free_pages(), 3);
  cache->append(MatrixView<const float>(x.data(), 8, 32));
  EXPECT_EQ(memory.pool.free_pages(), 1);
  cache->truncate(4);
  EXPECT_EQ(memory.pool.free_pages(), 4);
  {
    PagedKvCache<Kv4> moved = std::move(*cache);
    cache.reset();
    EXPECT_EQ(memory.pool.free_pages(), 4);
    PagedKvCache<Kv4> target(shape, memory.pool);
    target.append(MatrixView<const float>(x.data(), 9, 32));
    EXPECT_EQ(memory.pool.free_pages(), 1);
    target = std::move(moved);
    EXPECT_EQ(target.tokens(), 4);
  }
  EXPECT_EQ(memory.pool.free_pages(), 5);
}

TEST(PagedKvCache, AnExhaustedPoolChangesNothing) {
  const KvShape shape{1, 16};
  Pool memory(kv_layout<Kv4>(shape), 2, 3);
  const std::vector<float> x = kv_values(8, 16, 1), query = kv_values(1, 16, 2);
  PagedKvCache<Kv4> cache(shape, memory.pool), rest(shape, memory.pool);
  cache.append(MatrixView<const float>(x.data(), 3, 16));
  std::vector<float> before(3), after(3);
  cache.dot(0, query, before);
  EXPECT_THROW(cache.append(MatrixView<const float>(x.data(), 5, 16)), std::length_error);
  EXPECT_EQ(cache.tokens(), 3);
  EXPECT_EQ(memory.pool.free_pages(), 1);
  cache.dot(0, query, after);
  EXPECT_EQ(bits_of(before), bits_of(after));
  rest.append(MatrixView<const float>(x.data(), 2, 16));
  EXPECT_THROW(rest.append(MatrixView<const float>(x.data(), 1, 16)), std::length_error);
  cache.append(MatrixView<const float>(x.data(), 1, 16));  // fills its second page
}

TEST(PagedKvCache, ARefusedValueGivesItsPageBack) {
  const KvShape shape{1, 16};
  Pool memory(kv_layout<Kv4>(shape), 2, 3);
  std::vector<float> x = kv_values(4, 16, 1);
  x[3 * 16] = std::numeric_limits<float>::quiet_NaN();
  PagedKvCache<Kv4> cache(shape, memory.pool);
  try {
    cache.append(matrix(x, 4));
    FAIL() << "NaN was taken";
  } catch (const NonFiniteError& e) {
    EXPECT_EQ(e.row(), 3);  // in the second page
    EXPECT_EQ(e.col(), 0);
  }
  EXPECT_EQ(memory.pool.free_pages(), 3);
}

TEST(PagedKvCache, RowsAreFilledUpWithZeroBytes) {
  using Kv3 = QuantSpec<3, Asymmetric, PerGroup<5>>;  // 15 bits of 48
  Pool memory(kv_layout<Kv3>({1, 5}), 2, 1);
  std::fill(memory.codes.begin(), memory.codes.end(), std::uint8_t{0xff});
  PagedKvCache<Kv3> cache({1, 5}, memory.pool);
  const std::vector<float> x = {7.0f, 0.0f, 1.0f, 2.0f, 4.0f};  // s = 1, z = 0
  cache.append(matrix(x, 1));
  EXPECT_EQ(memory.codes, (std::vector<std::uint8_t>{0x47, 0x44, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff,
                                                     0xff, 0xff}));
}

TEST(PagedKvCache, PoolsThatDoNotFitAreRefused) {
  const KvLayout layout = kv_layout<Kv4>({2, 16});
  std::vector<std::uint8_t> codes(2 * layout.page_bytes(4));
  std::vector<GroupParams> params(2 * layout.page_params(4));
  const std::span<std::uint8_t> bytes(codes);
  const std::span<GroupParams> rows(params);
  EXPECT_THROW(KvPagePool(layout, 4, {}, {}), std::invalid_argument);
  EXPECT_THROW(KvPagePool(layout, 0, bytes, rows), std::invalid_argument);
  EXPECT_THROW(KvPagePool(layout, 4, bytes.first(bytes.size() - 1), rows), std::invalid_argument);
  EXPECT_THROW(KvPagePool(layout, 4, bytes, rows.first(1)), std::invalid_argument);
  EXPECT_THROW(KvPagePool(KvLayout{0, 0}, 4, bytes, rows), std::invalid_argument);
  KvPagePool pool(layout, 4, bytes, rows);
  EXPECT_THROW(PagedKvCache<Kv4>({1, 16}, pool), std::invalid_argument);
  EXPECT_THROW(PagedKvCache<Kv4>({2, 32}, pool), std::invalid_argument);
}

}  // namespace
}  // namespace roste::cpu
