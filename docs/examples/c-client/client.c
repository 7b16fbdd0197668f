/* A programmer for pumpsim's pump in one file: C99, termios, no library. It needs docs/reference/wire-protocol.md and the vectors.
 * It opens a secure session, interrogates, tells of a refill, programs simple continuous baclofen, gives a bolus and follows it. */
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

enum { HELLO = 1, CLOSE, STATUS = 16, INTERROGATE, OUTCOME = 19, BEGIN = 32, PUT, SEAL, READBACK, COMMIT, ABORT, REFILL = 50, BOLUS };
enum { OK, BUSY, REFUSED, NOT_AUTHENTICATED = 9, ANSWER = 1, MAC = 2, HEADER = 16, DECODED_MAX = 540 };
enum { CLINICIAN = 2, SIMPLE = 3, SELF_TESTING = 32, RECEIVED = 2, EXECUTING = 3, EXECUTED = 4, NG_PER_ML = 500000, LOW_NL = 2000000 };
enum { RETRIES = 3, TIMEOUT_MS = 1000, RUNS_MAX = 64, POLL_MS = 100, PATIENCE_S = 60, EXIT_REFUSED = 1, EXIT_USAGE, EXIT_LINK };

typedef struct { uint8_t bytes[2048]; size_t size; } Bytes;
static struct { int port, staged; uint32_t id, sequence; uint8_t key[32], host_key[32], pump_key[32]; Bytes serial; } session;
static struct { const uint8_t *at; size_t left; } answer; /* what is not yet read of the last one */
static struct { uint64_t mode, flags, generation, next_id, limits[21], drug, drug_version; uint8_t digest[32]; } pump;
static uint64_t exchange(int opcode, const Bytes *body);

static void __attribute__((noreturn)) finish(int code) {
  if (code == EXIT_REFUSED && session.staged) session.staged = 0, exchange(ABORT, &(Bytes){.size = 0});
  if (code == EXIT_REFUSED && session.id) exchange(CLOSE, &(Bytes){.size = 0});
  exit(code);
}
/* Say why in one line and end; a session that is open and sound is closed first, and a half-made update with it. */
#define STOP(code, ...) (fprintf(stderr, "client: " __VA_ARGS__), fputc('\n', stderr), finish(code))

/* Numbers as bytes, little-endian: `sizes` holds one digit for each, its size. */
static void put_bytes(Bytes *to, const void *bytes, size_t size) { memcpy(to->bytes + to->size, bytes, size), to->size += size; }
static Bytes body_of(const char *sizes, const uint64_t *values) {
  Bytes body = {.size = 0};
  for (; *sizes; sizes++, values++)
    for (int at = 0; at < *sizes - '0'; at++) body.bytes[body.size++] = (uint8_t)(*values >> 8 * at);
  return body;
}
#define BODY(sizes, ...) body_of(sizes, (const uint64_t[]){__VA_ARGS__})
static const uint8_t *take(size_t size) {
  if (size > answer.left) STOP(EXIT_LINK, "an answer of the pump is too short");
  return answer.left -= size, (answer.at += size) - size;
}
static uint64_t number(int size) {
  const uint8_t *bytes = take((size_t)size);
  uint64_t value = 0;
  while (size > 0) value = value << 8 | bytes[--size];
  return value;
}
static void numbers(const char *sizes, uint64_t *values) { while (*sizes) *values++ = number(*sizes++ - '0'); }

static uint32_t turned(uint32_t word, int by) { return word >> by | word << (32 - by); }
static void sha256(const uint8_t *data, size_t size, uint8_t digest[32]) {
  static const uint32_t K[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be,
    0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa,
    0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85,
    0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3,
    0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f,
    0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};
  uint32_t h[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19}, v[8], w[64];
  size_t whole = (size + 9 + 63) / 64 * 64; /* the data, a one bit, zeros, and how many bits the data has */
  for (size_t block = 0; block < whole; block += 64) {
    memcpy(v, h, sizeof v), memset(w, 0, sizeof w);
    for (size_t at = block; at < block + 64; at++) {
      size_t byte = at < size ? data[at] : at == size ? 0x80 : at >= whole - 4 ? size * 8 >> 8 * (whole - 1 - at) & 0xff : 0;
      w[at / 4 % 16] |= (uint32_t)byte << (24 - 8 * (at % 4));
    }
    for (int i = 0; i < 64; i++) {
      if (i >= 16) w[i] = w[i - 16] + (turned(w[i - 15], 7) ^ turned(w[i - 15], 18) ^ w[i - 15] >> 3) + w[i - 7];
      if (i >= 16) w[i] += turned(w[i - 2], 17) ^ turned(w[i - 2], 19) ^ w[i - 2] >> 10;
      uint32_t first = v[7] + (turned(v[4], 6) ^ turned(v[4], 11) ^ turned(v[4], 25)) + ((v[4] & v[5]) ^ (~v[4] & v[6])) + K[i] + w[i];
      uint32_t second = (turned(v[0], 2) ^ turned(v[0], 13) ^ turned(v[0], 22)) + ((v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]));
      memmove(v + 1, v, 7 * sizeof *v), v[4] += first, v[0] = first + second;
    }
    for (int i = 0; i < 8; i++) h[i] += v[i];
  }
  for (int i = 0; i < 32; i++) digest[i] = (uint8_t)(h[i / 4] >> (24 - 8 * (i % 4)));
}
static void hmac(const uint8_t key[32], const Bytes *first, const void *data, size_t size, uint8_t out[32]) {
  Bytes inner = {.size = 64}, outer = {.size = 64};
  for (int i = 0; i < 64; i++) inner.bytes[i] = (i < 32 ? key[i] : 0) ^ 0x36, outer.bytes[i] = (i < 32 ? key[i] : 0) ^ 0x5c;
  put_bytes(&inner, first->bytes, first->size), put_bytes(&inner, data, size);
  sha256(inner.bytes, inner.size, out);
  put_bytes(&outer, out, 32);
  sha256(outer.bytes, outer.size, out);
}
static int differ(const uint8_t *one, const uint8_t *other, size_t size) { /* takes as long wherever they differ */
  uint8_t found = 0;
  while (size-- > 0) found |= one[size] ^ other[size];
  return found;
}
static uint32_t crc32c(const uint8_t *bytes, size_t size) {
  uint32_t crc = 0xffffffff;
  for (size_t bit = 0; bit < size * 8; bit++) crc ^= bit % 8 ? 0 : bytes[bit / 8], crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78 : 0);
  return ~crc;
}
static Bytes cobs(const Bytes *raw) { /* with the zero that ends the frame */
  Bytes run = {.size = 1};
  for (size_t at = 0, code = 0; at < raw->size; at++) {
    if (raw->bytes[at]) run.bytes[run.size++] = raw->bytes[at];
    run.bytes[code] = (uint8_t)(run.size - code);
    if (!raw->bytes[at] || (run.bytes[code] == 0xff && at + 1 < raw->size)) code = run.size, run.bytes[run.size++] = 1;
  }
  return run.size++, run;
}
static int receive(uint8_t raw[DECODED_MAX]) { /* size of the next frame, decoded, without its CRC; 0 if it is broken, -1 if none comes */
  size_t size = 0, left = 0;
  for (uint8_t byte, code = 0xff; size < DECODED_MAX;) {
    if (poll(&(struct pollfd){session.port, POLLIN, 0}, 1, TIMEOUT_MS) == 0) return -1;
    if (read(session.port, &byte, 1) != 1) STOP(EXIT_LINK, "the line is gone");
    if (byte == 0) break;
    if (left > 0 || code != 0xff) raw[size++] = left > 0 ? byte : 0;
    if (left-- == 0) code = byte, left = byte - 1u;
  }
  if (left > 0 || size < HEADER + 4) return 0;
  answer.at = raw + size - 4, answer.left = 4;
  return number(4) == crc32c(raw, size - 4) ? (int)size - 4 : 0;
}
/* Whether these bytes, decoded and without their CRC, answer this request; with a wrong MAC they do not. */
static int answers(const uint8_t *raw, int size, const Bytes *request) {
  int mac_size = raw[1] & MAC ? 8 : 0, length = raw[12] | raw[13] << 8;
  uint8_t mac[32];
  if (raw[0] != 1 || (raw[1] & ~MAC) != ANSWER || raw[14] || raw[15] || !length || HEADER + length + mac_size != size) return 0;
  if (memcmp(raw + 2, request->bytes + 2, 10) != 0) return 0; /* opcode, session, sequence */
  if (session.id && !mac_size && raw[HEADER] == NOT_AUTHENTICATED) STOP(EXIT_LINK, "the pump has ended our session");
  if (session.id) hmac(session.pump_key, &session.serial, raw, (size_t)(HEADER + length), mac);
  answer.at = raw + HEADER, answer.left = (size_t)length;
  return session.id ? mac_size && !differ(mac, raw + HEADER + length, 8) : !mac_size;
}
static uint64_t exchange(int opcode, const Bytes *body) { /* the answer byte; the rest is in `answer` until the next exchange */
  static uint8_t raw[DECODED_MAX];
  uint8_t mac[32];
  if (session.id) session.sequence++;
  Bytes frame = BODY("1124422", 1, session.id ? MAC : 0, (uint64_t)opcode, session.id, session.sequence, body->size, 0), crc, encoded;
  put_bytes(&frame, body->bytes, body->size);
  if (session.id) hmac(session.host_key, &session.serial, frame.bytes, frame.size, mac), put_bytes(&frame, mac, 8);
  crc = BODY("4", crc32c(frame.bytes, frame.size));
  put_bytes(&frame, crc.bytes, 4), encoded = cobs(&frame);
  for (int tries = 0; tries <= RETRIES; tries++) { /* the same bytes each time: the pump does nothing twice */
    if (write(session.port, encoded.bytes, encoded.size) != (ssize_t)encoded.size) break;
    for (int runs = 0, size; runs < RUNS_MAX && (size = receive(raw)) >= 0; runs++)
      if (size > 0 && answers(raw, size, &frame)) return number(1);
  }
  STOP(EXIT_LINK, "no answer to request 0x%02x that can be trusted; nobody knows whether it was carried out", opcode);
}
static void ask(int opcode, const char *name, Bytes body) {
  uint64_t said = exchange(opcode, &body), why[6];
  if (said == REFUSED) numbers("222881", why), STOP(EXIT_REFUSED, "%s refused: RefusalCode %d, Field %d, place %d, value %lld, limit %lld, "
      "Unit %d", name, (int)why[0], (int)why[1], (int)why[2], (long long)why[3], (long long)why[4], (int)why[5]);
  if (said != OK) STOP(EXIT_REFUSED, "%s refused: Answer %d%s", name, (int)said, said == BUSY ? ", BUSY; try again later" : "");
}
#define ASK(name, sizes, ...) ask(name, #name, BODY(sizes, __VA_ARGS__))

static void hello(void) {
  Bytes body = BODY("11118", 1, 2, CLINICIAN, CLINICIAN, 0x636c69656e742e63), transcript; /* versions, role, key id, programmer id */
  int random = open("/dev/urandom", O_RDONLY);
  uint8_t proof[32];
  const uint8_t *told, *serial;
  if (random < 0 || read(random, body.bytes + body.size, 16) != 16) STOP(EXIT_USAGE, "no random numbers on this machine");
  body.size += 16, transcript = body, ask(HELLO, "HELLO", body);
  put_bytes(&transcript, answer.at, answer.left);
  uint32_t id = (uint32_t)number(4);
  if (number(1) != 1) STOP(EXIT_LINK, "the pump speaks another major version");
  take(1 + 4 + 16), told = take(16), memset(transcript.bytes + body.size + 26, 0, 16); /* the proof is in T as zeros */
  hmac(session.key, &(Bytes){"pumpsim proof", 13}, transcript.bytes, transcript.size, proof);
  if (differ(proof, told, 16)) STOP(EXIT_LINK, "the pump does not prove that it has our key: wrong key or wrong pump");
  hmac(session.key, &(Bytes){"pumpsim host", 12}, transcript.bytes, transcript.size, session.host_key);
  hmac(session.key, &(Bytes){"pumpsim pump", 12}, transcript.bytes, transcript.size, session.pump_key);
  take(number(1)), serial = answer.at, take(number(1)); /* the model; the serial number behind its length */
  put_bytes(&session.serial, serial, serial[0] + 1u), session.id = id;
}
static void show(const char *before) { int size = (int)number(1); printf("%s%.*s", before, size, (const char *)take((size_t)size)); }
static void look(void) {
  ASK(STATUS, "", 0), take(8 + 8 + 4), pump.mode = number(1), pump.flags = number(2), pump.generation = number(4);
  memcpy(pump.digest, take(32), 32), pump.next_id = number(4) + 1;
}
static void interrogate(void) {
  uint64_t n[8], size = 0, total;
  ASK(INTERROGATE, "12", 0, 0), take(1), show("pump "), show(", "), show(", firmware "), numbers("11448141", n);
  numbers("444144444444444844441", pump.limits);
  for (uint64_t rows = number(1); rows > 0; rows--, take(4 + 4 + 4 + 4 + 2)) {
    numbers("221", n);
    if (n[2] == 8 && memcmp(answer.at, "baclofen", 8) == 0) pump.drug = n[0], pump.drug_version = n[1];
    take(n[2]);
  }
  do ASK(INTERROGATE, "12", 1, size), take(1 + 4 + 32), total = number(2), take(2), size += answer.left;
  while (answer.left > 0 && size < total);
  ASK(INTERROGATE, "12", 2, 0), take(1), numbers("88124824", n);
  printf("\ntherapy of %d bytes, mode %d, %llu nL computed", (int)total, (int)n[2], (unsigned long long)n[5]);
  ASK(INTERROGATE, "12", 3, 0), take(1), numbers("888", n);
  printf(", %llu nL given in all\n", (unsigned long long)(n[0] + n[1]));
}
static void program(uint64_t nl_per_h) { /* the image takes one PUT and one READBACK */
  Bytes image = BODY("122444411412241", SIMPLE, pump.drug, pump.drug_version, NG_PER_ML, LOW_NL, pump.limits[11], pump.limits[13],
                     1, 0x7f, nl_per_h * 24 * NG_PER_ML / 1000000, 1, 0, 1440, nl_per_h, 0); /* one group of one step, all week */
  Bytes put = BODY("2", 0), seal = BODY("2", image.size), commit = BODY("4", pump.next_id++);
  uint8_t digest[32];
  sha256(image.bytes, image.size, digest);
  ASK(BEGIN, "41", pump.generation, 0), session.staged = 1;
  put_bytes(&put, image.bytes, image.size), ask(PUT, "PUT", put);
  put_bytes(&seal, digest, 32), ask(SEAL, "SEAL", seal);
  ASK(READBACK, "2", 0), take(4 + 32 + 2 + 2);
  if (answer.left != image.size || memcmp(answer.at, image.bytes, image.size)) STOP(EXIT_REFUSED, "the pump reads back another therapy");
  put_bytes(&commit, digest, 32), put_bytes(&commit, "", 1), ask(COMMIT, "COMMIT", commit); /* no overrides */
  session.staged = 0, look();
  if (pump.mode != SIMPLE || memcmp(pump.digest, digest, 32)) STOP(EXIT_REFUSED, "the pump runs another therapy");
}
static void read_key(const char *path) {
  char line[128], hex[65] = "";
  struct stat about;
  FILE *file = fopen(path, "r");
  if (!file || fstat(fileno(file), &about) != 0 || about.st_mode & 077) STOP(EXIT_USAGE, "%s: no key file of mode 0600", path);
  while (strlen(hex) < 64 && fgets(line, sizeof line, file)) sscanf(line, "clinician %64[0-9a-fA-F]", hex);
  if (strlen(hex) < 64) STOP(EXIT_USAGE, "%s: no line 'clinician' with 64 hexadecimal digits", path);
  for (int i = 0; i < 32; i++) sscanf(hex + 2 * i, "%2hhx", session.key + i);
}
static void open_port(const char *path) {
  struct termios line;
  session.port = open(path, O_RDWR | O_NOCTTY);
  if (tcgetattr(session.port, &line) != 0 || flock(session.port, LOCK_EX | LOCK_NB) != 0) STOP(EXIT_LINK, "%s: no port, or in use", path);
  cfmakeraw(&line), cfsetspeed(&line, B115200), line.c_cflag |= CLOCAL | CREAD;
  tcsetattr(session.port, TCSAFLUSH, &line); /* what came before is thrown away */
}
int main(int count, char **words) {
  uint64_t n[4], state = RECEIVED, nl[2], polls = 0; /* of the command line: refill nL, rate nL/h, bolus nL and s */
  char *end = "";
  for (int i = 0; count == 7 && i < 4 && !*end; i++) if ((n[i] = strtoull(words[3 + i], &end, 10)) > UINT32_MAX) end = "?";
  if (count != 7 || *end) STOP(EXIT_USAGE, "use: client PORT KEY_FILE REFILL_NL RATE_NL_PER_H BOLUS_NL BOLUS_S");
  setvbuf(stdout, NULL, _IOLBF, 0), read_key(words[2]), open_port(words[1]), hello(), interrogate();
  if (!pump.drug || n[1] < pump.limits[0] || n[1] > pump.limits[1]) STOP(EXIT_REFUSED, "the pump cannot give baclofen at this rate");
  if (n[2] < pump.limits[7] || n[2] > pump.limits[8]) STOP(EXIT_REFUSED, "the pump cannot give this bolus");
  for (look(); pump.flags & SELF_TESTING; look(), poll(NULL, 0, POLL_MS)) { /* till then commands would be answered BUSY */
    if (polls++ == 0) puts("waiting for the self-test");
    if (polls > PATIENCE_S * 1000 / POLL_MS) STOP(EXIT_REFUSED, "the self-test takes too long");
  }
  ASK(REFILL, "44424", pump.next_id++, n[0], 0, pump.drug, NG_PER_ML), puts("refill told");
  program(n[1]), puts("therapy in force");
  ASK(BOLUS, "44441", pump.next_id, n[2], n[2] * NG_PER_ML / 1000000, n[3], 0), puts("bolus under way");
  for (polls = 0; (state == RECEIVED || state == EXECUTING) && polls < (n[3] + PATIENCE_S) * 1000 / POLL_MS; polls++) {
    poll(NULL, 0, POLL_MS), ASK(OUTCOME, "4", pump.next_id), state = number(1);
    take(1 + 2 + 8 + 16), numbers("44", nl); /* programmed, delivered */
  }
  printf("bolus: state %d, %d of %d nL delivered\n", (int)state, (int)nl[1], (int)nl[0]);
  look(), printf("mode %d, generation %d, flags %d\n", (int)pump.mode, (int)pump.generation, (int)pump.flags);
  ASK(CLOSE, "", 0);
  return state == EXECUTED ? 0 : EXIT_REFUSED;
}
