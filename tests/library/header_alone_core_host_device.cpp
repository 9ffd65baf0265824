// The header compiles on its own, and twice.
#include "roste/core/host_device.h"
