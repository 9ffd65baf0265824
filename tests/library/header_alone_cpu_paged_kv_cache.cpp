// The header compiles on its own, and twice.
#include "roste/cpu/paged_kv_cache.h"
