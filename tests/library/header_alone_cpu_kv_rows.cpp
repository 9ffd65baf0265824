// The header compiles on its own, and twice.
#include "roste/cpu/kv_rows.h"
