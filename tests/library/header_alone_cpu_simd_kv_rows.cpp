// The header compiles on its own, and twice.
#include "roste/cpu/simd/kv_rows.h"
