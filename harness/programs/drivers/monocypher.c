// Monocypher: authenticated encryption, key exchange, password hashing.
#include "export.h"
#include "monocypher.h"

BUFFER(1024);
static uint8_t out[1024], mac[16], key[32], nonce[24];
static uint64_t area[128 * 8];

static uint64_t head(const uint8_t *bytes) {
  uint64_t word;
  memcpy(&word, bytes, sizeof word);
  return word;
}

uint64_t EXPORT(blake2b)(uint32_t length) {
  crypto_blake2b(out, 64, buffer, length);
  return head(out);
}

uint64_t EXPORT(lock)(uint32_t length) {
  memcpy(key, buffer, 32);
  crypto_aead_lock(out, mac, key, nonce, NULL, 0, buffer, length);
  return head(mac) ^ head(out);
}

// 0 where the message is authentic, else -1.
int32_t EXPORT(unlock)(uint32_t length, uint32_t flip) {
  static uint8_t plain[1024];
  out[0] ^= flip;
  int came = crypto_aead_unlock(plain, mac, key, nonce, NULL, 0, out, length);
  out[0] ^= flip;
  return came ? came : memcmp(plain, buffer, length);
}

uint64_t EXPORT(exchange)(void) {
  uint8_t public_key[32];
  crypto_x25519_public_key(public_key, buffer);
  return head(public_key);
}
