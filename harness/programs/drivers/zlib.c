// zlib over a buffer: checksums, deflate at a level, and inflate back.
#include "export.h"
#include <zlib.h>

BUFFER(2048);
static unsigned char packed[4096], unpacked[2048];
static uLongf packed_size;

uint32_t EXPORT(checksums)(uint32_t length) {
  return crc32(0, buffer, length) ^ adler32(1, buffer, length);
}

// Repeats the first `seed` bytes, each round changed a little, until the buffer is full.
uint32_t EXPORT(fill)(uint32_t seed) {
  for (uint32_t i = seed; i < sizeof buffer; i++)
    buffer[i] = i % 7 ? buffer[i - seed] : buffer[i - seed] + 1;
  return crc32(0, buffer, sizeof buffer);
}

uint32_t EXPORT(pack)(uint32_t length, uint32_t level) {
  packed_size = sizeof packed;
  if (compress2(packed, &packed_size, buffer, length, level) != Z_OK)
    return 0;
  return packed_size;
}

// The CRC of what comes back, or a code of zlib's.
uint32_t EXPORT(unpack)(void) {
  uLongf size = sizeof unpacked;
  int code = uncompress(unpacked, &size, packed, packed_size);
  return code == Z_OK ? crc32(0, unpacked, size) : (uint32_t)code;
}

// What a changed byte comes to: an error code, or another CRC.
uint32_t EXPORT(damage)(uint32_t at) {
  packed[at] ^= 0x20;
  uint32_t came = unpack();
  packed[at] ^= 0x20;
  return came;
}
