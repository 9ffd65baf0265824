// Everything but the Eigen interface, in the order in which data passes.
#pragma once

#include "roste/core/host_device.h"

#include "roste/core/spec.h"

#include "roste/core/grid.h"
#include "roste/core/groups.h"
#include "roste/core/quantizer.h"

#include "roste/core/galois.h"
#include "roste/core/hadamard.h"

#include "roste/core/signs.h"

#include "roste/core/rotation.h"
#include "roste/cpu/matrix_view.h"
#include "roste/cpu/rotate.h"

#include "roste/core/packing.h"
#include "roste/cpu/quantize.h"

#include "roste/core/error.h"
#include "roste/cpu/measure.h"

#include "roste/core/ste.h"
#include "roste/cpu/backward.h"
