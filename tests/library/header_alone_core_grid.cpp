// The header compiles on its own, and twice.
#include "roste/core/grid.h"
