#include <vector>

#include "roste/roste.h"

#ifdef WITH_CUDA
#include <cuda_runtime_api.h>

#include "roste/cuda/team/host_team.h"
#endif

double error_of_second_unit(const std::vector<float>& x) {
  const roste::Quantizer<roste::QuantSpec<4, roste::Symmetric, roste::PerRow>> w4;
  return roste::cpu::measure(w4, roste::cpu::MatrixView<const float>(x.data(), 1, 4)).squared_error;
}
