// The library is used while globals are constructed: nothing of it may wait for a global of its
// own.
#include "tests/library/shared_objects/codes.h"

namespace {
const std::vector<std::uint8_t> kCodes = fixed_codes();
}

const std::vector<std::uint8_t>& codes_before_main() { return kCodes; }
