// Marks functions that run on the host and, when nvcc compiles them, on the device.
#pragma once

#if defined(__FAST_MATH__) && !defined(ROSTE_ALLOW_FAST_MATH)
#error \
    "roste needs IEEE arithmetic: -ffast-math hides NaN and flushes small scales; compile without it"
#endif

#if defined(__CUDACC__)
#define ROSTE_HD __host__ __device__
#else
#define ROSTE_HD
#endif
