// How the verbs write a matrix: straight into it, or, where it is larger than the caches, past
// them.
//
// A plain store to a line that is in no cache reads it first; a streaming store of a whole line
// does not, and leaves the caches to others. Dequantizing a matrix of 32 MiB or 64 MiB so took
// 1 / 1.25 of the time on a processor with a last-level cache of 32 MiB, and, with a reader of the
// result behind it, 1 / 1.02 and 1 / 1.11. At 16 MiB a reader finds plain stores in the cache, and
// the two together took 1 / 0.78.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "roste/core/number_types.h"
#include "roste/cpu/detail/number_run.h"
#include "roste/cpu/isa.h"
#include "roste/cpu/matrix_view.h"
#include "roste/cpu/simd/stream_lines.h"

namespace roste::cpu::detail {

inline constexpr std::int64_t kStreamedBytes = std::int64_t{32} << 20;

// True when rows follow one another without a gap, or all start and end with a line: then no line
// but the matrix's first and last is written in part, which streams would have to wait for.
template <Number T>
bool has_whole_lines(MatrixView<T> y) {
  const auto off_line = [](std::uintptr_t bytes) { return bytes % simd::kLineBytes != 0; };
  if (y.stride == y.cols) return true;
  return !off_line(reinterpret_cast<std::uintptr_t>(y.data)) &&
         !off_line(static_cast<std::uintptr_t>(y.cols) * sizeof(T)) &&
         !off_line(static_cast<std::uintptr_t>(y.stride) * sizeof(T));
}

// Writes runs of values to a matrix, in order of their places. Where it streams, values pass
// through a buffer of its own until they fill lines; all of them have arrived, in order with other
// stores, when it is destroyed.
template <Number T>
class LineWriter {
 public:
  // Never streams.
  explicit LineWriter(Isa isa) : isa_(isa), streams_(false) {}
  // Streams where y has `least_bytes` or more.
  LineWriter(Isa isa, MatrixView<T> y, std::int64_t least_bytes = kStreamedBytes)
      : isa_(isa),
        streams_(ROSTE_X86_KERNELS != 0 && has_whole_lines(y) &&
                 y.rows * y.cols * static_cast<std::int64_t>(sizeof(T)) >= least_bytes) {}
  ~LineWriter() {
    if (!streams_) return;
    store_rest();
    simd::finish_streaming();
  }
  LineWriter(const LineWriter&) = delete;
  LineWriter& operator=(const LineWriter&) = delete;

  bool streams() const { return streams_; }

  // Has fill(place) write the n <= kPiece values of `to`.
  template <class Fill>
  void write(T* to, std::int64_t n, Fill&& fill) {
    fill(streams_ ? place_of(to) : to);
    if (streams_) store_lines(to, n);
  }

 private:
  static constexpr std::int64_t kLine = simd::kLineBytes / static_cast<std::int64_t>(sizeof(T));

  static void copy(const T* from, std::int64_t n, T* to) {
    std::memcpy(to, from, static_cast<std::size_t>(n) * sizeof(T));
  }

  // Where the values of `to` are staged. This and store_lines stay out of the loops around write,
  // which are short where nothing is streamed.
  [[gnu::noinline]] T* place_of(T* to) {
    if (to == next_) return staged_ + end_;
    store_rest();
    const std::uintptr_t in_line = reinterpret_cast<std::uintptr_t>(to) % simd::kLineBytes;
    begin_ = end_ = static_cast<std::int64_t>(in_line / sizeof(T));
    return staged_ + end_;
  }

  // Takes in n values that were staged for `to`, and stores the lines that are complete.
  [[gnu::noinline]] void store_lines(T* to, std::int64_t n) {
    const std::int64_t end = end_ + n, whole = end - end % kLine;
    next_ = to + n;
    std::int64_t done = 0;
    if (begin_ > 0 && whole > 0) {  // the rest of a line that somebody else began
      copy(staged_ + begin_, kLine - begin_, next_ - (end - begin_));
      begin_ = 0;
      done = kLine;
    }
    if (done < whole) stream(staged_ + done, (whole - done) / kLine, next_ - (end - done));
    end_ = end - whole;
    if (whole > 0) copy(staged_ + whole, end_, staged_);
  }

  void stream(const T* from, std::int64_t lines, T* to) {
    const std::byte* source = reinterpret_cast<const std::byte*>(from);
    std::byte* target = reinterpret_cast<std::byte*>(to);
#if ROSTE_X86_KERNELS
    if (isa_ == Isa::kAvx512) return simd::avx512::stream_lines(source, lines, target);
    if (isa_ == Isa::kAvx2) return simd::avx2::stream_lines(source, lines, target);
#endif
    simd::stream_lines(source, lines, target);
  }

  // The values of a line that is not complete.
  void store_rest() {
    if (begin_ < end_) copy(staged_ + begin_, end_ - begin_, next_ - (end_ - begin_));
  }

  [[maybe_unused]] Isa isa_;  // x86 alone asks
  bool streams_;
  T* next_ = nullptr;                 // where the next run is expected
  std::int64_t begin_ = 0, end_ = 0;  // values of next_'s line that are staged and not stored
  alignas(simd::kLineBytes) T staged_[kPiece + kLine];
};

}  // namespace roste::cpu::detail
