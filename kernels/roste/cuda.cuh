// Everything of the CUDA half but cuBLASLt's products, in the order in which data passes.
#pragma once

#include "roste/core/spec.h"

#include "roste/core/quantizer.h"

#include "roste/cuda/matrix.h"
#include "roste/cuda/queue.cuh"

#include "roste/cuda/device_rotation.cuh"
#include "roste/cuda/rotate.cuh"

#include "roste/cuda/code_matrix.h"
#include "roste/cuda/quantize.cuh"

#include "roste/cuda/multiply.cuh"

#include "roste/cuda/measure.cuh"

#include "roste/cuda/backward.cuh"
