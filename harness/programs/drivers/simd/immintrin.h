// Intel's intrinsics by way of SIMDe, which writes them in WebAssembly's.
#pragma once
#define SIMDE_ENABLE_NATIVE_ALIASES
#include <simde/x86/sse4.1.h>
