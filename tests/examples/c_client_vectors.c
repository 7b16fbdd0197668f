/* Tries the parts of the client in C on test vectors: reads lines "frame HEX", "broken HEX" and "digest IMAGE_HEX SHA256_HEX", and prints
 * those that come out wrong. */
#define main client_main
#include "client.c"
#undef main

static size_t bytes_of(const char *hex, uint8_t *bytes) {
  size_t size = 0;
  while (sscanf(hex + 2 * size, "%2hhx", bytes + size) == 1) size++;
  return size;
}

static uint8_t run[4096], raw[DECODED_MAX];
static size_t size;

static int received(const char *hex) {
  int ends[2], got;
  size = bytes_of(hex, run);
  if (pipe(ends) != 0 || write(ends[1], run, size) != (ssize_t)size) return -2;
  session.port = ends[0];
  got = receive(raw);
  close(ends[0]), close(ends[1]);
  return got;
}

static int same_frame(const char *hex) {
  Bytes whole = {.size = 0}, crc, again;
  int got = received(hex);
  if (got <= 0) return 0;
  put_bytes(&whole, raw, (size_t)got);
  crc = BODY("4", crc32c(raw, (size_t)got));
  put_bytes(&whole, crc.bytes, 4);
  again = cobs(&whole);
  return again.size == size && memcmp(again.bytes, run, size) == 0;
}

static int same_digest(const char *image, const char *expected) {
  static uint8_t bytes[2048];
  uint8_t wanted[64], digest[32];
  sha256(bytes, bytes_of(image, bytes), digest);
  return bytes_of(expected, wanted) == 32 && memcmp(digest, wanted, 32) == 0;
}

int main(void) {
  static char word[16], first[4096], second[128];
  int tried = 0;
  while (scanf("%15s %4095s", word, first) == 2) {
    int good = word[0] == 'f' ? same_frame(first) : received(first) == 0;
    if (word[0] == 'd') good = scanf("%127s", second) == 1 && same_digest(first, second);
    if (!good) printf("%s %s\n", word, first);
    tried++;
  }
  printf("%d tried\n", tried);
  return 0;
}
