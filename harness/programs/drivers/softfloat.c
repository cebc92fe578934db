// 128-bit floats computed with integers: results of two words are returned as two values.
#include "export.h"
#include "platform.h"
#include "softfloat.h"

static float128_t number(uint32_t bits) { return f32_to_f128((float32_t){bits}); }

static uint64_t fold(float128_t value) {
  uint64_t words[2];
  memcpy(words, &value, sizeof words);
  return words[0] * 31 + words[1];
}

// Newton's method for a square root.
uint64_t EXPORT(newton)(uint32_t bits, uint32_t rounds) {
  float128_t of = number(bits), half = number(0x3f000000), guess = of;
  for (uint32_t i = 0; i < rounds; i++)
    guess = f128_mul(half, f128_add(guess, f128_div(of, guess)));
  return fold(guess);
}

uint64_t EXPORT(fused)(uint64_t a, uint64_t b, uint64_t c) {
  return f64_mulAdd((float64_t){a}, (float64_t){b}, (float64_t){c}).v;
}

uint32_t EXPORT(flags)(void) {
  uint32_t raised = softfloat_exceptionFlags;
  softfloat_exceptionFlags = 0;
  return raised;
}
