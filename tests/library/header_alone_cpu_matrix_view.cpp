// The header compiles on its own, and twice.
#include "roste/cpu/matrix_view.h"
