// Everything but the Eigen interface (cpu/eigen.h), in the order in which data passes.
#pragma once

// What a number, a quantizer and a group are.
#include "roste/core/host_device.h"
#include "roste/core/number_types.h"

#include "roste/core/spec.h"

#include "roste/core/grid.h"
#include "roste/core/groups.h"
#include "roste/core/quantizer.h"

#include "roste/core/dispatch.h"

#include "roste/cpu/isa.h"
#include "roste/cpu/matrix_view.h"

// rotate
#include "roste/core/galois.h"
#include "roste/core/hadamard.h"
#include "roste/core/signs.h"
#include "roste/core/williamson.h"

#include "roste/core/rotation.h"
#include "roste/cpu/rotate.h"
#include "roste/cpu/walsh_hadamard.h"

// quantize
#include "roste/core/packing.h"
#include "roste/cpu/clip_search.h"
#include "roste/cpu/quantize.h"
#include "roste/cpu/quantize_packed.h"

#include "roste/cpu/rotate_quantize.h"

// multiply
#include "roste/core/product.h"
#include "roste/cpu/multiply.h"
#include "roste/cpu/product_weights.h"
#include "roste/cpu/weight_values.h"

// measure, backward
#include "roste/core/error.h"
#include "roste/cpu/measure.h"

#include "roste/core/ste.h"
#include "roste/cpu/backward.h"

// keep
#include "roste/core/import_weights.h"
#include "roste/core/packed_file.h"
#include "roste/core/packed_matrix.h"
#include "roste/cpu/kv_cache.h"
#include "roste/cpu/paged_kv_cache.h"
