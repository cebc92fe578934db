// BLAKE3 with its kernels of SSE4.1, which SIMDe turns into WebAssembly SIMD.
#include "blake3.h"
#include "export.h"

BUFFER(4160);
static uint64_t digest[4];

void EXPORT(fill)(uint32_t seed) {
  for (uint32_t i = 0; i < sizeof buffer; i++) {
    seed = seed * 1664525 + 1013904223;
    buffer[i] = seed >> 24;
  }
}

static uint64_t finish(blake3_hasher *hasher) {
  blake3_hasher_finalize(hasher, (uint8_t *)digest, sizeof digest);
  return digest[0];
}

uint64_t EXPORT(hash)(uint32_t length) {
  blake3_hasher hasher;
  blake3_hasher_init(&hasher);
  blake3_hasher_update(&hasher, buffer, length);
  return finish(&hasher);
}

uint64_t EXPORT(keyed)(uint32_t length) {
  blake3_hasher hasher;
  blake3_hasher_init_keyed(&hasher, buffer);
  blake3_hasher_update(&hasher, buffer, length);
  return finish(&hasher);
}

uint64_t EXPORT(word)(uint32_t index) { return digest[index & 3]; }
