// Runs every verb on the GPU and compares bits with roste::cpu. Ends non-zero when one differs.
// Built by scripts/check_cuda.sh, run by scripts/gpu_check.sh.
#include <limits>

#include "roste/cpu/backward.h"
#include "roste/cpu/measure.h"
#include "roste/cpu/quantize.h"
#include "roste/cpu/rotate.h"
#include "roste/cuda.cuh"
#include "roste/cuda/cublas_products.cuh"
#include "tests/cuda/gpu/parity.h"
#include "tests/cuda/gpu/products.h"
#include "tests/support/random_values.h"

namespace roste::cuda::parity {
namespace {

template <class T>
Both<T> gaussian(std::uint64_t seed, std::int64_t rows, std::int64_t cols) {
  const std::vector<float> values = testing::gaussian(seed, rows * cols);
  std::vector<T> converted;
  for (const float v : values) converted.push_back(from_float<T>(v));
  return Both<T>(converted, rows, cols);
}

std::string of(std::int64_t d) { return " of " + std::to_string(d); }

template <class T>
void rotations(Report& report, const char* type) {
  const Queue queue;
  for (const std::int64_t d : {1, 2, 12, 64, 80, 128, 172, 256, 896, 1024, 4096, 4864, 14336, 16384,
                               18944, 28672, 32768}) {
    const Rotation rotation = Rotation::hadamard(d, 5);
    const DeviceRotation on_device(rotation);
    Both<T> x = gaussian<T>(1, 33, d);
    cpu::rotate_rows(rotation, x.on_host());
    rotate_rows<T>(queue, on_device, x.on_device(), x.on_device());
    report.expect_equal(std::string("rotation, ") + type + of(d), x);
    cpu::rotate_rows_transposed(rotation, x.on_host());
    rotate_rows_transposed<T>(queue, on_device, x.on_device(), x.on_device());
    report.expect_equal(std::string("transposed rotation, ") + type + of(d), x);
  }
}

template <class Code>
void quantized(Report& report, const std::string& name, const Scheme& scheme, std::int64_t rows,
               std::int64_t cols) {
  Queue queue;
  Both<float> x = gaussian<float>(2, rows, cols), back(rows, cols), fake = x;
  Both<Code> codes(rows, cols);
  const std::int64_t groups = group_layout(scheme.grouping, rows, cols).count;
  Both<GroupParams> params(1, groups);
  cpu::quantize(scheme, x.on_host(), params.host_span(), codes.on_host());
  cpu::fake_quantize(scheme, fake.on_host());
  quantize<float>(queue, scheme, x.on_device(), params.device_span(), CodeBytes{codes.on_device()});
  report.expect_equal(name + ": parameters", params);
  report.expect_equal(name + ": codes", codes);
  fake_quantize<float>(queue, scheme, fake.on_device(), fake.on_device());
  report.expect_equal(name + ": values", fake);
  back.host = fake.host;
  dequantize<float>(queue, scheme, CodeBytes{codes.on_device()}, params.device_span(),
                    back.on_device());
  report.expect_equal(name + ": dequantized", back);
  queue.check_finite(cols);
}

void quantizers(Report& report) {
  quantized<std::uint8_t>(report, "4 bits per row", Quantizer<QuantSpec<4, Asymmetric, PerRow>>(),
                          257, 4096);
  quantized<std::int8_t>(report, "8 bits symmetric per row",
                         Quantizer<QuantSpec<8, Symmetric, PerRow>>(0.9f), 65, 18944);
  quantized<std::uint8_t>(report, "4 bits per head of 128",
                          Quantizer<QuantSpec<4, Asymmetric, PerGroup<128>>>(), 100, 1024);
  quantized<std::uint8_t>(report, "4 bits per group of 32",
                          Quantizer<QuantSpec<4, Asymmetric, PerGroup<32>>>(), 100, 1024);
  quantized<std::uint8_t>(report, "4 bits per tensor",
                          Quantizer<QuantSpec<4, Asymmetric, PerTensor>>(0.95f), 511, 1000);
  quantized<std::uint8_t>(report, "4 bits per long row",
                          Quantizer<QuantSpec<4, Asymmetric, PerRow>>(), 7, 151936);
  quantized<std::uint8_t>(report, "tight 8 bits per odd row",
                          Quantizer<QuantSpec<8, Asymmetric, PerRow, TightRange>>(), 13, 1537);
}

// rotate_quantize to nibbles against the CPU's rotation, quantizer and packing order.
void fused(Report& report) {
  const Queue queue;
  const Quantizer<QuantSpec<4, Asymmetric, PerRow>> a4;
  for (const std::int64_t d : {128, 896, 4096, 4864, 14336, 18944, 28672}) {
    const Rotation rotation = Rotation::hadamard(d, 5);
    Both<float> x = gaussian<float>(3, 20, d);
    Both<std::uint8_t> codes(20, d), nibbles(20, d / 2);
    Both<GroupParams> params(1, 20);
    rotate_quantize<float>(queue, DeviceRotation(rotation), a4, x.on_device(), params.device_span(),
                           CodeNibbles{nibbles.on_device()});
    cpu::rotate_rows(rotation, x.on_host());
    cpu::quantize(a4, x.on_host(), params.host_span(), codes.on_host());
    for (std::size_t i = 0; i < nibbles.host.size(); ++i) {
      nibbles.host[i] = static_cast<std::uint8_t>(codes.host[2 * i] | codes.host[2 * i + 1] << 4);
    }
    report.expect_equal("rotate_quantize, packed codes" + of(d), nibbles);
    report.expect_equal("rotate_quantize, parameters" + of(d), params);
  }
}

void errors(Report& report) {
  const Queue queue;
  for (const Scheme& scheme : {Quantizer<QuantSpec<4, Asymmetric, PerRow>>(0.9f).scheme(),
                               Quantizer<QuantSpec<4, Symmetric, PerTensor>>(0.9f).scheme()}) {
    Both<float> x = gaussian<float>(4, 300, 4096);
    const ErrorSums expected = cpu::measure(scheme, x.on_host());
    const ErrorSums sums = measure<float>(queue, scheme, x.on_device());
    const ErrorSums again = measure<float>(queue, scheme, x.on_device());
    const double bound = 2.0 * static_cast<double>(expected.count) * 0x1p-53;
    const double apart = sums.squared_error / expected.squared_error - 1.0;
    report.expect("error sums",
                  apart <= bound && -apart <= bound && sums.count == expected.count &&
                      sums.saturated == expected.saturated,
                  "relative difference " + std::to_string(apart));
    report.expect("error sums, second run", sums.squared_error == again.squared_error);
  }
}

void gradients(Report& report) {
  const Queue queue;
  const Quantizer<QuantSpec<4, Symmetric, PerRow>> s4(0.5f);
  for (const std::int64_t d : {128, 4096, 18944}) {
    const Rotation rotation = Rotation::hadamard(d, 5);
    Both<float> x = gaussian<float>(5, 19, d), dy = gaussian<float>(6, 19, d), dx(19, d);
    Both<GroupParams> params(1, 19);
    fit<float>(queue, s4, x.on_device(), params.device_span());
    cpu::rotated_fake_quantize_backward<ClippedStraightThrough>(rotation, s4, x.on_host(),
                                                                dy.on_host(), dx.on_host());
    rotated_fake_quantize_backward<ClippedStraightThrough, float>(
        queue, DeviceRotation(rotation), s4, {x.on_device(), params.device_span()}, dy.on_device(),
        dx.on_device());
    report.expect_equal("rotated gradient" + of(d), dx);
  }
}

void non_finite(Report& report) {
  Queue queue;
  const Quantizer<QuantSpec<4, Asymmetric, PerRow>> a4;
  Both<float> x = gaussian<float>(7, 40, 1000);
  x.device[17 * 1000 + 123] = std::numeric_limits<float>::infinity();
  x.device[31 * 1000 + 7] = std::numeric_limits<float>::quiet_NaN();
  fake_quantize<float>(queue, a4, x.on_device(), x.on_device());
  try {
    queue.check_finite(1000);
    report.expect("a value without a code", false, "no error");
  } catch (const NonFiniteError& error) {
    report.expect("a value without a code", error.row() == 17 && error.col() == 123, error.what());
  }
  queue.check_finite(1000);  // the report was taken
}

void products(Report& report) {
  for (const Shape shape : {Shape{33, 48, 77}, Shape{128, 512, 4096}, Shape{100, 1000, 18944}}) {
    for (const Product& product : products_of(shape)) {
      report.expect("product " + product.name, product.different == 0,
                    std::to_string(product.different) + " differ");
    }
  }
}

int run() {
  Report report;
  rotations<float>(report, "float");
  rotations<BFloat16>(report, "bfloat16");
  rotations<Half>(report, "half");
  quantizers(report);
  fused(report);
  errors(report);
  gradients(report);
  non_finite(report);
  products(report);
  std::printf("%d failed\n", report.failed());
  return report.failed() == 0 ? 0 : 1;
}

}  // namespace
}  // namespace roste::cuda::parity

int main() {
  try {
    return roste::cuda::parity::run();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "error: %s\n", error.what());
    return 2;
  }
}
