// Every kernel of the library, for scripts/check_cuda.sh to compile and to count registers of.
#include "roste/cuda.cuh"

namespace roste::cuda {
namespace {

// What a program would call on matrices of T. Never run.
template <class T>
struct Caller {
  Queue& queue;
  const DeviceRotation& rotation;
  Scheme scheme;
  DeviceMatrix<T> y;
  std::span<GroupParams> params;
  CodeBytes<std::uint8_t> codes;

  void rotations() const { rotate_rows<T>(queue, rotation, y, y); }

  void quantizers() const {
    rotate_quantize<T>(queue, rotation, scheme, y, params, codes);
    fake_quantize<T>(queue, scheme, y, y);
    encode<T>(queue, scheme, y, params, codes);
    dequantize<T>(queue, scheme, codes, params, y);
  }

  void errors() const { rotate_measure<T>(queue, rotation, scheme, y); }

  template <class Rule>
  void gradients() const {
    const QuantizerInput<T> forward{y, params};
    fake_quantize_backward<Rule, T>(queue, scheme, forward, y, y);
    rotated_fake_quantize_backward<Rule, T>(queue, rotation, scheme, forward, y, y);
  }
};

struct NoEngine {
  void sums(const Queue&, DeviceMatrix<const std::int8_t>, DeviceMatrix<const std::int8_t>,
            DeviceMatrix<std::int32_t>) {}
  void sums(const Queue&, DeviceMatrix<const E4m3>, DeviceMatrix<const E4m3>, DeviceMatrix<float>) {
  }
};

template <class T>
void call(const Caller<T>& caller) {
  caller.rotations();
  caller.quantizers();
  caller.errors();
  caller.template gradients<StraightThrough>();
  caller.template gradients<ClippedStraightThrough>();
  NoEngine engine;
  const QuantizedMatrix<CodeBytes<std::uint8_t>> x{caller.scheme, 0, 0, caller.codes,
                                                   caller.params};
  multiply(caller.queue, engine, x, ProductWeights(caller.queue, x, caller.scheme.grid), {},
           caller.y);
}

}  // namespace

void call_all(const Caller<float>& of_float, const Caller<BFloat16>& of_bfloat16,
              const Caller<Half>& of_half) {
  call(of_float);
  call(of_bfloat16);
  call(of_half);
}

}  // namespace roste::cuda
