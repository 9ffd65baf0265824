// Built twice, as two shared objects that differ in the name of their function only.
#include "tests/library/shared_objects/codes.h"

std::vector<std::uint8_t> CODES_FUNCTION() { return fixed_codes(); }
