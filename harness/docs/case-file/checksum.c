// clang --target=wasm32 -O1 -nostdlib -Wl,--no-entry -Wl,--export=checksum -Wl,--export=buffer \
//   -o checksum.wasm checksum.c
__attribute__((import_module("env"), import_name("progress")))
extern int progress(unsigned done);

unsigned char buffer[64];

unsigned checksum(unsigned length) {
  unsigned sum = 1;
  for (unsigned i = 0; i < length; i++) {
    sum = sum * 31 + buffer[i];
    if (i % 8 == 7 && !progress(i + 1))
      __builtin_trap();
  }
  return sum;
}
