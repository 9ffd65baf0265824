// Times the verbs on the GPU beside a copy of the same data: medians of events, several GB of data,
// so that caches hold none of it. Prints a table in Markdown. Correctness is gpu_parity's part,
// which scripts/gpu_check.sh runs first.
#include <thrust/device_vector.h>
#include <thrust/tabulate.h>

#include <algorithm>
#include <cstdio>
#include <span>
#include <string>
#include <vector>

#include "roste/cuda.cuh"
#include "roste/cuda/cublas_products.cuh"

namespace roste::cuda::bench {
namespace {

constexpr int kRuns = 15;
constexpr std::int64_t kValues = std::int64_t{1} << 30;  // 4 GiB of float, 2 GiB of bfloat16

class Event {
 public:
  Event() { check(cudaEventCreate(&event_), "cudaEventCreate"); }
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;
  ~Event() { cudaEventDestroy(event_); }
  void record() { check(cudaEventRecord(event_), "cudaEventRecord"); }
  double milliseconds_since(const Event& start) const {
    float elapsed = 0;
    check(cudaEventSynchronize(event_), "cudaEventSynchronize");
    check(cudaEventElapsedTime(&elapsed, start.event_, event_), "cudaEventElapsedTime");
    return static_cast<double>(elapsed);
  }

 private:
  cudaEvent_t event_ = nullptr;
};

// Median milliseconds of f, after one run that is not counted.
template <class F>
double median_ms(F&& f) {
  f();
  std::vector<double> times;
  for (int run = 0; run < kRuns; ++run) {
    Event start, stop;
    start.record();
    f();
    stop.record();
    times.push_back(stop.milliseconds_since(start));
  }
  std::sort(times.begin(), times.end());
  return times[kRuns / 2];
}

double terabytes_per_second(double bytes, double ms) { return bytes / ms * 1e-9; }

// Numbers that are no zeros: data of a real kind heats the chip as real data does.
template <class T>
struct Noise {
  __device__ T operator()(std::int64_t i) const {
    const std::uint64_t bits = random_bits(7, static_cast<std::uint64_t>(i));
    const float u = static_cast<float>(bits >> 40) * 0x1p-24f;
    const float v = static_cast<float>(bits & 0xffffffu) * 0x1p-24f;
    return roste::cuda::detail::narrowed(u + v - 1.0f, T{});
  }
};

template <class T>
thrust::device_vector<T> noise(std::int64_t count) {
  thrust::device_vector<T> values(static_cast<std::size_t>(count));
  thrust::tabulate(values.begin(), values.end(), Noise<T>{});
  return values;
}

template <class T>
T* pointer(thrust::device_vector<T>& values) {
  return thrust::raw_pointer_cast(values.data());
}

double copy_rate() {
  thrust::device_vector<float> from = noise<float>(kValues / 2), to(kValues / 2);
  const std::size_t bytes = from.size() * sizeof(float);
  const double ms = median_ms([&] {
    check(cudaMemcpyAsync(pointer(to), pointer(from), bytes, cudaMemcpyDeviceToDevice),
          "cudaMemcpyAsync");
  });
  return terabytes_per_second(2.0 * static_cast<double>(bytes), ms);
}

void print(const std::string& what, std::int64_t d, double rate, double copy) {
  std::printf("| %s | %lld | %.2f | %.0f %% |\n", what.c_str(), static_cast<long long>(d), rate,
              100.0 * rate / copy);
}

template <class T>
void row_kernels(const char* type, std::int64_t d, double copy) {
  const std::int64_t rows = kValues / d;
  thrust::device_vector<T> x = noise<T>(rows * d), y(x.size());
  thrust::device_vector<std::uint8_t> nibbles(x.size() / 2);
  thrust::device_vector<GroupParams> params(static_cast<std::size_t>(rows));
  const Queue queue;
  const DeviceRotation rotation(Rotation::hadamard(d, 5));
  const Quantizer<QuantSpec<4, Asymmetric, PerRow>> a4;
  const DeviceMatrix<const T> from(pointer(x), rows, d);
  const DeviceMatrix<T> to(pointer(y), rows, d);
  const CodeNibbles codes{{pointer(nibbles), rows, d / 2}};
  const std::span<GroupParams> scales(pointer(params), params.size());
  const double values = static_cast<double>(rows * d), size = sizeof(T);
  const auto report = [&](const char* verb, double bytes, double ms) {
    print(std::string(verb) + ", " + type, d, terabytes_per_second(values * bytes, ms), copy);
  };
  report("rotate_rows", 2 * size, median_ms([&] { rotate_rows<T>(queue, rotation, from, to); }));
  report("fake_quantize", 2 * size, median_ms([&] { fake_quantize<T>(queue, a4, from, to); }));
  report("quantize to nibbles", size + 0.5,
         median_ms([&] { quantize<T>(queue, a4, from, scales, codes); }));
  report("rotate_quantize to nibbles", size + 0.5,
         median_ms([&] { rotate_quantize<T>(queue, rotation, a4, from, scales, codes); }));
  report("dequantize of nibbles", size + 0.5,
         median_ms([&] { dequantize<T>(queue, a4, codes, scales, to); }));
  report("measure behind a rotation", size,
         median_ms([&] { rotate_measure<T>(queue, rotation, a4, from); }));
  report("rotated gradient", 2 * size, median_ms([&] {
           rotated_fake_quantize_backward<StraightThrough, T>(queue, rotation, a4, {}, from, to);
         }));
}

// A quantized matrix of random numbers.
struct Operand {
  Scheme scheme;
  std::int64_t rows, cols;
  thrust::device_vector<std::uint8_t> codes;
  thrust::device_vector<GroupParams> params;

  Operand(const Queue& queue, const Scheme& given, std::int64_t row_count, std::int64_t col_count)
      : scheme(given),
        rows(row_count),
        cols(col_count),
        codes(static_cast<std::size_t>(rows * cols)),
        params(static_cast<std::size_t>(rows)) {
    thrust::device_vector<float> x = noise<float>(rows * cols);
    quantize<float>(queue, scheme, DeviceMatrix<const float>(pointer(x), rows, cols),
                    std::span<GroupParams>(pointer(params), params.size()), bytes());
    check(cudaDeviceSynchronize(), "cudaDeviceSynchronize");
  }

  CodeBytes<std::uint8_t> bytes() {
    return {DeviceMatrix<std::uint8_t>(pointer(codes), rows, cols)};
  }
  QuantizedMatrix<CodeBytes<std::uint8_t>> view() {
    return {scheme, rows, cols, bytes(), {pointer(params), params.size()}};
  }
};

void products(std::int64_t tokens, std::int64_t outputs, std::int64_t inputs) {
  const Queue queue;
  CublasProducts engine;
  const Quantizer<QuantSpec<4, Asymmetric, PerRow>> a4;
  Operand x(queue, a4, tokens, inputs), w(queue, a4, outputs, inputs);
  const ProductWeights weights(queue, w.view(), a4.scheme().grid);
  thrust::device_vector<float> y(static_cast<std::size_t>(tokens * outputs));
  const DeviceMatrix<float> to(pointer(y), tokens, outputs);
  const double ms = median_ms([&] { multiply(queue, engine, x.view(), weights, {}, to); });
  const double operations = 2.0 * static_cast<double>(tokens) * static_cast<double>(outputs) *
                            static_cast<double>(inputs);
  std::printf("| %lld x %lld x %lld | %s | %.3f | %.0f |\n", static_cast<long long>(tokens),
              static_cast<long long>(outputs), static_cast<long long>(inputs),
              weights.route() == ProductRoute::kFp8 ? "FP8" : "int8", ms, operations / ms * 1e-9);
}

void run() {
  const double copy = copy_rate();
  std::printf("Copy on the device: %.2f TB/s, bytes read and bytes written.\n\n", copy);
  std::printf("| verb | d | TB/s | of copy |\n|---|---:|---:|---:|\n");
  for (const std::int64_t d : {64, 128, 1024, 4096, 4864, 14336, 18944, 32768}) {
    row_kernels<BFloat16>("bfloat16", d, copy);
  }
  row_kernels<float>("float", 4096, copy);
  std::printf("\nProducts of W4A4, scales and int32 sums included.\n\n");
  std::printf("| tokens x outputs x inputs | route | ms | Top/s |\n|---|---|---:|---:|\n");
  products(8192, 4096, 4096);
  products(8192, 14336, 4096);
  products(8192, 4096, 14336);
  products(8192, 18944, 3584);
}

}  // namespace
}  // namespace roste::cuda::bench

int main() {
  try {
    roste::cuda::bench::run();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "error: %s\n", error.what());
    return 2;
  }
}
