// Products on the GPU against those of roste::cpu.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace roste::cuda::parity {

struct Shape {
  std::int64_t tokens;
  std::int64_t outputs;
  std::int64_t inputs;
};

struct Product {
  std::string name;
  std::int64_t different;  // numbers whose bits differ
};

// W4A4 by the route that its weights allow, W4A8 by int8.
std::vector<Product> products_of(Shape shape);

}  // namespace roste::cuda::parity
