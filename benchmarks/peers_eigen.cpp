#pragma GCC diagnostic push  // g++ 12 warns of its own header (its bug 105593) inside of Eigen
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#include <Eigen/Core>
#pragma GCC diagnostic pop

#include "benchmarks/peers.h"

namespace {

using Matrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

void multiply(std::int64_t m, std::int64_t n, std::int64_t k, const float* x, const float* w,
              float* y) {
  Eigen::Map<Matrix>(y, m, n).noalias() =
      Eigen::Map<const Matrix>(x, m, k) * Eigen::Map<const Matrix>(w, n, k).transpose();
}

void eigen_rotation_by_product(benchmark::State& state) {
  bench::rotation_by_product(state, multiply);
}
BENCHMARK(eigen_rotation_by_product)->Arg(256)->Arg(896)->Arg(1024)->Arg(4096);

void eigen_product(benchmark::State& state) { bench::product_of_values(state, multiply); }
BENCHMARK(eigen_product)->Apply(bench::product_shapes);

}  // namespace
