// One thread: OPENBLAS_NUM_THREADS=1. Where an OpenBLAS is older than the processor,
// OPENBLAS_CORETYPE=SkylakeX asks for its AVX-512 kernels.
#include <cblas.h>

#include "benchmarks/peers.h"

namespace {

void multiply(std::int64_t m, std::int64_t n, std::int64_t k, const float* x, const float* w,
              float* y) {
  const auto rows = static_cast<int>(m), cols = static_cast<int>(n), depth = static_cast<int>(k);
  cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, rows, cols, depth, 1.0f, x, depth, w, depth,
              0.0f, y, cols);
}

void openblas_rotation_by_product(benchmark::State& state) {
  bench::rotation_by_product(state, multiply);
}
BENCHMARK(openblas_rotation_by_product)->Arg(256)->Arg(896)->Arg(1024)->Arg(4096);

void openblas_product(benchmark::State& state) { bench::product_of_values(state, multiply); }
BENCHMARK(openblas_product)->Apply(bench::product_shapes);

}  // namespace
