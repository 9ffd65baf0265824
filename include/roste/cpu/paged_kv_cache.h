// A key or value cache in pages of a pool that several sequences share. The same functions and the
// same bits as KvCache; memory is taken page by page as a sequence grows.
#pragma once

#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "roste/cpu/kv_cache.h"

namespace roste::cpu {

// Pages in memory that the caller owns and keeps alive. Page i is the i-th part of both spans.
// Calls that take or give back pages, so append, truncate and the destructors of caches, must not
// run in parallel on one pool.
class KvPagePool {
 public:
  // Pages of page_tokens tokens: codes and params hold layout.page_bytes(page_tokens) and
  // layout.page_params(page_tokens) of each. Throws std::invalid_argument unless both spans hold
  // the same whole number of pages, at least one.
  KvPagePool(KvLayout layout, std::int64_t page_tokens, std::span<std::uint8_t> codes,
             std::span<GroupParams> params)
      : layout_(layout), page_tokens_(page_tokens), codes_(codes), params_(params) {
    const std::size_t bytes = layout.page_bytes(page_tokens);
    const std::size_t rows = layout.page_params(page_tokens);
    const std::size_t pages = bytes == 0 ? 0 : codes.size() / bytes;
    if (pages == 0 || codes.size() != pages * bytes || params.size() != pages * rows) {
      throw std::invalid_argument(
          "roste: a pool of " + std::to_string(codes.size()) + " bytes and " +
          std::to_string(params.size()) + " group parameters; expected whole pages of " +
          std::to_string(bytes) + " bytes and " + std::to_string(rows) + " group parameters");
    }
    for (std::size_t page = pages; page-- > 0;) free_.push_back(static_cast<std::int32_t>(page));
  }
  KvPagePool(const KvPagePool&) = delete;
  KvPagePool& operator=(const KvPagePool&) = delete;

  const KvLayout& layout() const { return layout_; }
  std::int64_t page_tokens() const { return page_tokens_; }
  std::int64_t free_pages() const { return std::ssize(free_); }

  KvPage page(std::int32_t id) const {
    const auto i = static_cast<std::size_t>(id);
    return {codes_.data() + i * layout_.page_bytes(page_tokens_),
            params_.data() + i * layout_.page_params(page_tokens_)};
  }

  // A free page; free_pages() is at least 1.
  std::int32_t take() {
    const std::int32_t id = free_.back();
    free_.pop_back();
    return id;
  }
  void give_back(std::int32_t id) { free_.push_back(id); }

 private:
  KvLayout layout_;
  std::int64_t page_tokens_;
  std::span<std::uint8_t> codes_;
  std::span<GroupParams> params_;
  std::vector<std::int32_t> free_;  // its capacity is the number of pages
};

// The pages of one sequence, in order of time.
class KvPageTable {
 public:
  // The pool must outlive the table and have the layout that the cache needs.
  KvPageTable(KvLayout layout, KvPagePool& pool) : pool_(&pool) {
    if (layout == pool.layout()) return;
    throw std::invalid_argument("roste: a cache of " + std::to_string(layout.heads) +
                                " heads with rows of " + std::to_string(layout.row_bytes) +
                                " bytes in a pool for " + std::to_string(pool.layout().heads) +
                                " heads with rows of " + std::to_string(pool.layout().row_bytes) +
                                " bytes");
  }
  KvPageTable(KvPageTable&& other) noexcept
      : pool_(other.pool_), pages_(std::exchange(other.pages_, {})) {}
  KvPageTable& operator=(KvPageTable&& other) noexcept {
    std::swap(pool_, other.pool_);
    std::swap(pages_, other.pages_);
    return *this;
  }
  ~KvPageTable() { shrink(0); }

  std::int64_t page_tokens() const { return pool_->page_tokens(); }
  KvPage page(std::int64_t n) const { return pool_->page(pages_[static_cast<std::size_t>(n)]); }
  std::span<const std::int32_t> pages() const { return pages_; }

  void keep(std::int64_t tokens) {
    const std::int64_t needed = (tokens + page_tokens() - 1) / page_tokens();
    const std::int64_t missing = needed - std::ssize(pages_);
    if (missing > pool_->free_pages()) {
      throw std::length_error("roste: " + std::to_string(tokens) + " tokens need " +
                              std::to_string(missing) + " more pages; the pool has " +
                              std::to_string(pool_->free_pages()));
    }
    if (missing > 0) pages_.reserve(static_cast<std::size_t>(needed));
    while (std::ssize(pages_) < needed) pages_.push_back(pool_->take());
    shrink(needed);
  }

 private:
  void shrink(std::int64_t count) {
    for (; std::ssize(pages_) > count; pages_.pop_back()) pool_->give_back(pages_.back());
  }

  KvPagePool* pool_;
  std::vector<std::int32_t> pages_;
};

// A cache in pages of `pool`, which must outlive it. Pages return to the pool when the cache is
// truncated or destroyed. Throws std::invalid_argument when shape and pool do not fit.
template <KvSpec Spec>
class PagedKvCache : public BasicKvCache<Spec, KvPageTable> {
 public:
  PagedKvCache(KvShape shape, KvPagePool& pool, float clip = 1.0f)
      : BasicKvCache<Spec, KvPageTable>(shape, KvPageTable(kv_layout<Spec>(shape), pool), clip) {}
};

}  // namespace roste::cpu
