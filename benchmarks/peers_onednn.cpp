// One thread: OMP_NUM_THREADS=1.
#include <dnnl.hpp>
#include <unordered_map>

#include "benchmarks/peers.h"

namespace {

using Memory = dnnl::memory;
using Type = Memory::data_type;
using Tag = Memory::format_tag;

// y [m, n] := x w^T of bytes, with the weights in the layout that oneDNN likes best.
class Product {
 public:
  Product(bench::CodeProduct& codes, Type type, void* y) {
    const Memory::dims x_dims{codes.m, codes.k}, w_dims{codes.k, codes.n}, y_dims{codes.m, codes.n};
    const Memory::desc x(x_dims, Type::u8, Tag::ab), best(w_dims, Type::s8, Tag::any);
    const Memory::desc w(w_dims, Type::s8, Tag::ba), out(y_dims, type, Tag::ab);
    const dnnl::matmul::primitive_desc chosen({x, best, out}, engine_);
    Memory plain(w, engine_, codes.w_codes.data()), packed(chosen.weights_desc(), engine_);
    dnnl::reorder(plain, packed).execute(stream_, plain, packed);
    stream_.wait();
    multiply_ = dnnl::matmul(chosen);
    operands_ = {{DNNL_ARG_SRC, Memory(x, engine_, codes.x_codes.data())},
                 {DNNL_ARG_WEIGHTS, packed},
                 {DNNL_ARG_DST, Memory(out, engine_, y)}};
  }

  void run() {
    multiply_.execute(stream_, operands_);
    stream_.wait();
  }

 private:
  dnnl::engine engine_{dnnl::engine::kind::cpu, 0};
  dnnl::stream stream_{engine_};
  dnnl::matmul multiply_;
  std::unordered_map<int, Memory> operands_;
};

// What multiply() makes of the sums of code products: the zero points taken out, then the scales.
template <class Sum>
bool same_product(const bench::CodeProduct& ours, const std::vector<Sum>& sums) {
  for (std::int64_t j = 0; j < ours.n; ++j) {
    std::int64_t weight_sum = 0;
    for (std::int64_t i = 0; i < ours.k; ++i) {
      weight_sum += ours.w_codes[static_cast<std::size_t>(j * ours.k + i)];
    }
    for (std::int64_t r = 0; r < ours.m; ++r) {
      const auto at = static_cast<std::size_t>(r * ours.n + j);
      const roste::GroupParams x = ours.x_params[static_cast<std::size_t>(r)];
      const auto sum =
          static_cast<float>(static_cast<std::int64_t>(sums[at]) - x.zero * weight_sum);
      if (ours.y[at] != sum * x.scale * ours.w_params[static_cast<std::size_t>(j)].scale)
        return false;
    }
  }
  return true;
}

// Sum: what oneDNN writes; our y always has scales and zero points applied.
template <class Sum, Type type>
void onednn_u8s8_product(benchmark::State& state) {
  bench::CodeProduct ours(state.range(0), state.range(1), state.range(2));
  std::vector<Sum> sums(ours.y.size());
  Product peer(ours, type, sums.data());
  ours.multiply();
  peer.run();
  bench::require(same_product(ours, sums), "an integer product");
  bench::race(
      state, [&] { ours.multiply(); }, [&] { peer.run(); });
}
BENCHMARK_TEMPLATE(onednn_u8s8_product, std::int32_t, Type::s32)->Apply(bench::product_shapes);
BENCHMARK_TEMPLATE(onednn_u8s8_product, float, Type::f32)->Apply(bench::product_shapes);

}  // namespace
