// Races between this library and other libraries' matrix products. A peer hands in one function,
// y [m, n] := x [m, k] w^T with w [n, k], all row-major; what is raced stands here once.
#pragma once

#include <benchmark/benchmark.h>

#include <cmath>
#include <cstdint>
#include <vector>

#include "benchmarks/measure.h"
#include "roste/cpu/multiply.h"
#include "roste/cpu/rotate.h"

namespace bench {

// Times ours; the counter says how many times as long the peer takes.
template <class Ours, class Peer>
void race(benchmark::State& state, Ours&& ours, Peer&& peer) {
  state.counters["peer/ours"] = time_ratio(peer, ours);
  for (auto _ : state) {
    ours();
    benchmark::ClobberMemory();
  }
}

// R = H Diag(r) / sqrt(d) as a dense matrix [d, d]: x R^T is what rotate_rows does with rows x.
inline std::vector<float> dense_rotation(const roste::Rotation& rotation) {
  const std::int64_t d = rotation.size();
  std::vector<float> dense(static_cast<std::size_t>(d * d));
  for (std::int64_t i = 0; i < d; ++i) dense[static_cast<std::size_t>(i * d + i)] = 1;
  roste::cpu::rotate_rows_transposed(rotation, roste::cpu::MatrixView<float>(dense.data(), d, d));
  return dense;
}

// rotate_rows of 256 rows of range(0) values against a product with the dense matrix of the
// rotation, which is how it is usually done where no fast transform is at hand.
template <class Multiply>
void rotation_by_product(benchmark::State& state, Multiply&& multiply) {
  const std::int64_t rows = 256, d = state.range(0);
  const roste::Rotation rotation = roste::Rotation::hadamard(d, /*seed=*/1);
  const std::vector<float> x = normal_values(rows * d), dense = dense_rotation(rotation);
  std::vector<float> rotated = x, y(x.size());
  const roste::cpu::MatrixView<float> view(rotated.data(), rows, d);
  roste::cpu::rotate_rows(rotation, view);
  const auto peer = [&] { multiply(rows, d, d, x.data(), dense.data(), y.data()); };
  peer();
  // d roundings of sums of at most 4 add up as a random walk: 2^-24 * 4 sqrt(d) times 8 sigma.
  require(largest_difference(y, rotated) < 2e-6 * std::sqrt(static_cast<double>(d)),
          "a rotation by a dense product");
  race(
      state, [&] { roste::cpu::rotate_rows(rotation, view); }, peer);
}

// A product y [m, n] of 4-bit codes: activations per token asymmetric, weights per output channel
// symmetric. Codes and panels are made here, before the race.
class CodeProduct {
 public:
  CodeProduct(std::int64_t tokens, std::int64_t outputs, std::int64_t inputs)
      : m(tokens),
        n(outputs),
        k(inputs),
        x(normal_values(m * k, 1)),
        w(normal_values(n * k, 2)),
        x_codes(x.size()),
        w_codes(w.size()),
        x_params(static_cast<std::size_t>(m)),
        w_params(static_cast<std::size_t>(n)),
        y(static_cast<std::size_t>(m * n)) {
    using roste::cpu::MatrixView;
    roste::cpu::quantize(a4, x_view(), x_params, MatrixView<std::uint8_t>(x_codes.data(), m, k));
    roste::cpu::quantize(w4, w_view(), w_params, MatrixView<std::int8_t>(w_codes.data(), n, k));
    weights.quantize({w4.scheme(), w_view()}, workspace);
    roste::cpu::fake_quantize(a4, x_view());
    roste::cpu::fake_quantize(w4, w_view());
  }

  void multiply() {
    const roste::cpu::MatrixView<const std::uint8_t> codes(x_codes.data(), m, k);
    roste::cpu::multiply(roste::cpu::Quantized<std::uint8_t>{a4.scheme(), codes, x_params}, weights,
                         {}, roste::cpu::MatrixView<float>(y.data(), m, n), workspace);
  }

  std::int64_t m, n, k;
  std::vector<float> x, w;  // [m, k] and [n, k], the values of the codes
  std::vector<std::uint8_t> x_codes;
  std::vector<std::int8_t> w_codes;
  std::vector<roste::GroupParams> x_params, w_params;
  std::vector<float> y;

 private:
  roste::cpu::MatrixView<float> x_view() { return {x.data(), m, k}; }
  roste::cpu::MatrixView<float> w_view() { return {w.data(), n, k}; }

  const roste::Quantizer<roste::QuantSpec<4, roste::Asymmetric, roste::PerRow>> a4;
  const roste::Quantizer<roste::QuantSpec<4, roste::Symmetric, roste::PerRow>> w4;
  roste::cpu::ProductWeights weights;
  roste::cpu::ProductWorkspace workspace;
};

// A square, a linear layer of a model on one token and on 128, and one of a small model.
inline void product_shapes(benchmark::internal::Benchmark* b) {
  b->ArgNames({"m", "n", "k"});
  b->Args({1024, 1024, 1024})
      ->Args({2048, 2048, 2048})
      ->Args({1, 4096, 4096})
      ->Args({128, 4096, 4096})
      ->Args({1024, 256, 256});
}

// multiply() of codes against the peer's product of the values they stand for.
template <class Multiply>
void product_of_values(benchmark::State& state, Multiply&& multiply) {
  CodeProduct ours(state.range(0), state.range(1), state.range(2));
  std::vector<float> y(ours.y.size());
  const auto peer = [&] {
    multiply(ours.m, ours.n, ours.k, ours.x.data(), ours.w.data(), y.data());
  };
  ours.multiply();
  peer();
  // k roundings of sums of at most 4 sqrt(k) as a random walk: 2^-24 * 4 k times 8 sigma.
  require(largest_difference(y, ours.y) < 2e-6 * static_cast<double>(ours.k), "a product");
  race(
      state, [&] { ours.multiply(); }, peer);
}

}  // namespace bench
