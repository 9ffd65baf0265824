// The header compiles on its own, and twice.
#include "roste/cpu/non_finite.h"
