// SoftFloat's platform: little endian, and GCC's or clang's builtins.
#pragma once
#define LITTLEENDIAN 1
#define INLINE inline
#define SOFTFLOAT_BUILTIN_CLZ 1
#include "opts-GCC.h"
