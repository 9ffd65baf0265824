// What tests of memory, descriptors and addresses must know of their build.
#pragma once

namespace trainer::test {

// Whether programs have been built with the address sanitizer. It keeps freed memory for a while,
// maps terabytes, and opens pipes to look at what it reports.
#if defined(__SANITIZE_ADDRESS__)
inline constexpr bool kAddressSanitizer = true;
#elif defined(__has_feature)
inline constexpr bool kAddressSanitizer = __has_feature(address_sanitizer);
#else
inline constexpr bool kAddressSanitizer = false;
#endif

}  // namespace trainer::test
