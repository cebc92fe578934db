// What every driver has: names that the module exports, and a buffer that a case writes into.
#pragma once
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#ifdef __wasm__
#define EXPORT(name) __attribute__((export_name(#name))) name
#else
#define EXPORT(name) __attribute__((visibility("default"))) name
#endif

#define BUFFER(size) __attribute__((visibility("default"))) unsigned char buffer[size]
