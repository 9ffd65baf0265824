// A quantized key or value cache of one attention layer. Attention reads it without unpacking:
// scores from the codes of K, outputs from the codes of V (cpu/detail/kv_rows.h has the formulas).
//
// One object holds keys, a second one values. K goes in after RoPE and R3, V after R2; what is put
// in is what every later token sees, so the current token attends to its quantized self too.
#pragma once

#include <algorithm>
#include <array>
#include <concepts>
#include <cstdint>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "roste/cpu/detail/kv_rows.h"
#include "roste/cpu/detail/rounding.h"

namespace roste::cpu {

// Memory of `tokens` consecutive tokens: head h has the rows h * tokens ... (h + 1) * tokens - 1.
struct KvPage {
  std::uint8_t* codes = nullptr;  // [heads * tokens] rows
  GroupParams* params = nullptr;  // [heads * tokens]
};

// Where a cache keeps its tokens: equal pages in order of time, filled one after the other.
template <class T>
concept KvPages = requires(T pages, const T& seen, std::int64_t n) {
  { seen.page_tokens() } -> std::same_as<std::int64_t>;
  { seen.page(n) } -> std::same_as<KvPage>;
  {pages.keep(n)};  // makes room for n tokens, gives back what they do not need; all or nothing
};

// Spec: QuantSpec<Bits, ..., PerGroup<head_dim>> or PerGroup<kDynamic>. Pages: who owns the memory;
// it changes no bit of any result. Functions that are const may run in parallel.
template <KvSpec Spec, KvPages Pages>
class BasicKvCache {
 public:
  // Rows of `heads` x head_dim values each. clip: c of eqs. (2), (4). Throws std::invalid_argument.
  BasicKvCache(KvShape shape, Pages pages, float clip = 1.0f)
      : rows_(shape.head_dim, clip), heads_(shape.heads), pages_(std::move(pages)) {
    kv_layout<Spec>(shape);  // checks it
  }

  std::int64_t tokens() const { return tokens_; }
  std::int64_t heads() const { return heads_; }
  std::int64_t head_dim() const { return rows_.head_dim(); }
  const Grid& grid() const { return rows_.grid(); }

  // Adds tokens: x [tokens, heads * head_dim], quantized per token and head, eq. (1). Throws
  // NonFiniteError with the place in x, std::invalid_argument for another width, and
  // std::length_error when there is no room; the cache then is as it was.
  template <ReadNumber T>
  void append(MatrixView<T> x, Isa isa = best_isa()) {
    if (x.cols != heads_ * head_dim()) {
      throw std::invalid_argument("roste: rows of " + std::to_string(x.cols) +
                                  " values for a cache of " + std::to_string(heads_) +
                                  " heads of " + std::to_string(head_dim()));
    }
    detail::require_rounding_to_nearest();
    pages_.keep(tokens_ + x.rows);
    try {
      for (std::int64_t head = 0; head < heads_; ++head) write(x, head, isa);
    } catch (...) {
      pages_.keep(tokens_);
      throw;
    }
    tokens_ += x.rows;
  }

  // Forgets all but the first `tokens` tokens. Throws std::invalid_argument when there are fewer.
  void truncate(std::int64_t tokens) {
    check_range("keeping", 0, tokens);
    pages_.keep(tokens);
    tokens_ = tokens;
  }

  // The values of head `head` from token `first` on: x [count, head_dim], the same bits that
  // fake_quantize gave the rows that went in. Throws std::invalid_argument.
  template <Number T>
  void read(std::int64_t head, std::int64_t first, MatrixView<T> x, Isa isa = best_isa()) const {
    detail::require_rounding_to_nearest();
    check_head(head);
    check_range("reading", first, x.rows);
    check_length("read into rows", x.cols, head_dim());
    for_each_run(head, first, x.rows, [&](KvPage at, std::int64_t done, std::int64_t count) {
      rows_.read(at.codes, at.params, MatrixView<T>(x.row(done), count, x.cols, x.stride), isa);
    });
  }

  // scores[t] = query . row t of head `head`, for the first scores.size() tokens. query [head_dim].
  // Not scaled by 1 / sqrt(head_dim). Throws std::invalid_argument.
  void dot(std::int64_t head, std::span<const float> query, std::span<float> scores,
           Isa isa = best_isa()) const {
    detail::require_rounding_to_nearest();
    check_head(head);
    check_range("scoring", 0, std::ssize(scores));
    check_length("multiplied by a query", std::ssize(query), head_dim());
    std::array<float, kMaxHeadDim> padded;
    pad(query, padded);
    for_each_run(head, 0, std::ssize(scores), [&](KvPage at, std::int64_t t, std::int64_t count) {
      rows_.dot(padded.data(), at.codes, at.params, part(scores, t, count), isa);
    });
  }

  // out = sum_t weights[t] row t of head `head`, over the first weights.size() tokens. out
  // [head_dim] must not overlap weights. Throws std::invalid_argument.
  void weighted_sum(std::int64_t head, std::span<const float> weights, std::span<float> out,
                    Isa isa = best_isa()) const {
    detail::require_rounding_to_nearest();
    check_head(head);
    check_range("adding up", 0, std::ssize(weights));
    check_length("added up into a vector", std::ssize(out), head_dim());
    std::array<float, kMaxHeadDim> sums;
    std::fill_n(sums.begin(), rows_.width(), 0.0f);
    for_each_run(head, 0, std::ssize(weights), [&](KvPage at, std::int64_t t, std::int64_t count) {
      rows_.add_weighted(part(weights, t, count), at.codes, at.params, sums.data(), isa);
    });
    std::copy_n(sums.begin(), head_dim(), out.begin());
  }

 private:
  // The memory of one row.
  KvPage place(std::int64_t head, std::int64_t token) const {
    const std::int64_t size = pages_.page_tokens();
    const KvPage page = pages_.page(token / size);
    const std::int64_t row = head * size + token % size;
    return {page.codes + row * rows_.stride(), page.params + row};
  }

  // Calls use(place, done, count) for every stretch of tokens [first, first + tokens) within a
  // page; done tokens come before the stretch.
  template <class Use>
  void for_each_run(std::int64_t head, std::int64_t first, std::int64_t tokens,
                    const Use& use) const {
    const std::int64_t size = pages_.page_tokens();
    for (std::int64_t done = 0; done < tokens;) {
      const std::int64_t count = std::min(size - (first + done) % size, tokens - done);
      use(place(head, first + done), done, count);
      done += count;
    }
  }

  template <class T>
  static std::span<T> part(std::span<T> x, std::int64_t first, std::int64_t count) {
    return x.subspan(static_cast<std::size_t>(first), static_cast<std::size_t>(count));
  }

  template <class T>
  void write(MatrixView<T> x, std::int64_t head, Isa isa) {
    const std::int64_t col = head * head_dim();
    for_each_run(head, tokens_, x.rows, [&](KvPage at, std::int64_t done, std::int64_t count) {
      try {
        rows_.write(MatrixView<T>(x.row(done) + col, count, head_dim(), x.stride), at.codes,
                    at.params, isa);
      } catch (const NonFiniteError& e) {
        throw NonFiniteError(e.value(), done + e.row(), col + e.col());
      }
    });
  }

  void pad(std::span<const float> query, std::array<float, kMaxHeadDim>& padded) const {
    std::copy(query.begin(), query.end(), padded.begin());
    std::fill(padded.begin() + head_dim(), padded.begin() + rows_.width(), 0.0f);
  }

  void check_head(std::int64_t head) const {
    if (head >= 0 && head < heads_) return;
    throw std::invalid_argument("roste: head " + std::to_string(head) + " of a cache of " +
                                std::to_string(heads_) + " heads");
  }

  void check_range(const char* verb, std::int64_t first, std::int64_t count) const {
    if (first >= 0 && count >= 0 && first <= tokens_ && count <= tokens_ - first) return;
    throw std::invalid_argument(std::string("roste: ") + verb + " " + std::to_string(count) +
                                " tokens from token " + std::to_string(first) +
                                " on of a cache of " + std::to_string(tokens_) + " tokens");
  }

  static void check_length(const char* use, std::int64_t length, std::int64_t head_dim) {
    if (length == head_dim) return;
    throw std::invalid_argument("roste: heads of " + std::to_string(head_dim) + " values " + use +
                                " of " + std::to_string(length));
  }

  detail::KvRows<Spec> rows_;
  std::int64_t heads_;
  std::int64_t tokens_ = 0;
  Pages pages_;
};

// One page for a fixed number of tokens, owned by the cache.
class OwnedKvPage {
 public:
  OwnedKvPage(KvLayout layout, std::int64_t capacity)
      : capacity_(capacity),
        codes_(std::make_unique<std::uint8_t[]>(layout.page_bytes(capacity))),
        params_(std::make_unique<GroupParams[]>(layout.page_params(capacity))) {}

  std::int64_t page_tokens() const { return capacity_; }
  KvPage page(std::int64_t) const { return {codes_.get(), params_.get()}; }
  void keep(std::int64_t tokens) {
    if (tokens <= capacity_) return;
    throw std::length_error("roste: " + std::to_string(tokens) + " tokens in a cache for " +
                            std::to_string(capacity_));
  }

 private:
  std::int64_t capacity_;
  std::unique_ptr<std::uint8_t[]> codes_;
  std::unique_ptr<GroupParams[]> params_;
};

// A cache in one piece, for at most `capacity` tokens, which is what it occupies. Can be moved, not
// copied. Throws std::invalid_argument for a shape, a capacity or a clip that is out of range.
template <KvSpec Spec>
class KvCache : public BasicKvCache<Spec, OwnedKvPage> {
 public:
  KvCache(KvShape shape, std::int64_t capacity, float clip = 1.0f)
      : BasicKvCache<Spec, OwnedKvPage>(shape, OwnedKvPage(kv_layout<Spec>(shape), capacity),
                                        clip) {}
};

}  // namespace roste::cpu
