// The GPU checks: each compares what a device made with what roste::cpu makes of the same numbers.
#pragma once

#include <thrust/device_vector.h>

#include <cstdint>
#include <cstdio>
#include <cstring>
#include <span>
#include <string>
#include <vector>

#include "roste/cpu/matrix_view.h"
#include "roste/cuda/matrix.h"

namespace roste::cuda::parity {

// A matrix of the host and its copy on the device.
template <class T>
struct Both {
  std::vector<T> host;
  thrust::device_vector<T> device;
  std::int64_t rows;
  std::int64_t cols;

  Both(const std::vector<T>& values, std::int64_t row_count, std::int64_t col_count)
      : host(values), device(values), rows(row_count), cols(col_count) {}
  Both(std::int64_t row_count, std::int64_t col_count)
      : Both(std::vector<T>(static_cast<std::size_t>(row_count * col_count)), row_count,
             col_count) {}

  cpu::MatrixView<T> on_host() { return {host.data(), rows, cols}; }
  DeviceMatrix<T> on_device() { return {thrust::raw_pointer_cast(device.data()), rows, cols}; }
  std::span<T> host_span() { return host; }
  std::span<T> device_span() { return {thrust::raw_pointer_cast(device.data()), device.size()}; }

  // Numbers whose bits differ between host and device.
  std::int64_t different() const {
    std::vector<T> copy(host.size());
    thrust::copy(device.begin(), device.end(), copy.begin());
    std::int64_t count = 0;
    for (std::size_t i = 0; i < host.size(); ++i) {
      count += std::memcmp(&host[i], &copy[i], sizeof(T)) != 0;
    }
    return count;
  }
};

// Prints a line for each check and counts what failed.
class Report {
 public:
  void expect(const std::string& what, bool right, const std::string& detail = {}) {
    std::printf("%-6s %s%s%s\n", right ? "ok" : "FAILED", what.c_str(), detail.empty() ? "" : ": ",
                detail.c_str());
    failed_ += right ? 0 : 1;
  }

  template <class T>
  void expect_equal(const std::string& what, const Both<T>& both) {
    const std::int64_t count = both.different();
    expect(what, count == 0,
           std::to_string(both.host.size()) + " numbers, " + std::to_string(count) + " differ");
  }

  int failed() const { return failed_; }

 private:
  int failed_ = 0;
};

}  // namespace roste::cuda::parity
