// The header compiles on its own, and twice.
#include "roste/cpu/group_kernel.h"
