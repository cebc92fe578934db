// BLAKE3's choice of kernels: SSE4.1's in the module, the portable ones natively.
#include "blake3_impl.h"

#ifdef __wasm__
#define KERNEL(name) name##_sse41
void blake3_compress_in_place_sse41(uint32_t cv[8], const uint8_t block[64], uint8_t length, uint64_t counter,
                                    uint8_t flags);
void blake3_compress_xof_sse41(const uint32_t cv[8], const uint8_t block[64], uint8_t length, uint64_t counter,
                               uint8_t flags, uint8_t out[64]);
void blake3_hash_many_sse41(const uint8_t *const *inputs, size_t count, size_t blocks, const uint32_t key[8],
                            uint64_t counter, bool increment, uint8_t flags, uint8_t start, uint8_t end,
                            uint8_t *out);
#else
#define KERNEL(name) name##_portable
#endif

void blake3_compress_in_place(uint32_t cv[8], const uint8_t block[64], uint8_t length, uint64_t counter,
                              uint8_t flags) {
  KERNEL(blake3_compress_in_place)(cv, block, length, counter, flags);
}

void blake3_compress_xof(const uint32_t cv[8], const uint8_t block[64], uint8_t length, uint64_t counter,
                         uint8_t flags, uint8_t out[64]) {
  KERNEL(blake3_compress_xof)(cv, block, length, counter, flags, out);
}

void blake3_hash_many(const uint8_t *const *inputs, size_t count, size_t blocks, const uint32_t key[8],
                      uint64_t counter, bool increment, uint8_t flags, uint8_t start, uint8_t end, uint8_t *out) {
  KERNEL(blake3_hash_many)(inputs, count, blocks, key, counter, increment, flags, start, end, out);
}

size_t blake3_simd_degree(void) { return 4; }

void blake3_xof_many(const uint32_t cv[8], const uint8_t block[64], uint8_t length, uint64_t counter,
                     uint8_t flags, uint8_t *out, size_t count) {
  for (size_t i = 0; i < count; i++)
    blake3_compress_xof(cv, block, length, counter + i, flags, out + 64 * i);
}
