// libbzip2 over a buffer, which holds what is packed.
#include "bzlib.h"
#include "export.h"

BUFFER(512);
static char unpacked[512];

void bz_internal_error(int code) { abort(); }

// The hash of what comes out, or an error code of the library.
uint32_t EXPORT(unpack)(uint32_t length, uint32_t small) {
  unsigned size = sizeof unpacked;
  int code = BZ2_bzBuffToBuffDecompress(unpacked, &size, (char *)buffer, length, small, 0);
  if (code != BZ_OK)
    return code;
  uint32_t hash = 2166136261u;
  for (unsigned i = 0; i < size; i++)
    hash = (hash ^ (unsigned char)unpacked[i]) * 16777619u;
  return hash;
}
