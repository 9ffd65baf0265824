// The header compiles on its own, and twice.
#include "roste/core/rotation.h"
