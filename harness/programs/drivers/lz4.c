// LZ4 over a buffer, fast and high compression.
#include "export.h"
#include "lz4.h"
#ifdef WITH_HC
#include "lz4hc.h"
#endif

BUFFER(1024);
static char packed[2048], unpacked[1024];
static int packed_size;

static uint32_t sum(const char *bytes, int length) {
  uint32_t hash = 2166136261u;
  for (int i = 0; i < length; i++)
    hash = (hash ^ (unsigned char)bytes[i]) * 16777619u;
  return hash;
}

uint32_t EXPORT(pack)(uint32_t length) {
  packed_size = LZ4_compress_default((char *)buffer, packed, length, sizeof packed);
  return packed_size;
}

uint32_t EXPORT(packed_sum)(void) { return sum(packed, packed_size); }

uint32_t EXPORT(unpack)(void) {
  int size = LZ4_decompress_safe(packed, unpacked, packed_size, sizeof unpacked);
  return size < 0 ? 0 : sum(unpacked, size);
}

uint32_t EXPORT(unpack_part)(uint32_t size) {
  int came = LZ4_decompress_safe_partial(packed, unpacked, packed_size, size, sizeof unpacked);
  return came < 0 ? 0 : sum(unpacked, came);
}
