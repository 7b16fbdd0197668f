/* Reads and makes frames with the exported header alone.
 *
 * Lines on stdin, one answer each on stdout:
 *   read HEX                                     a run of bytes: what it says, as JSON, and the same frame built again from it
 *   request OPCODE SESSION SEQUENCE FIELD...     build it; fields in wire order, bytes and texts as hexadecimal digits behind an x,
 *   answer OPCODE SESSION SEQUENCE RESULT ...    rows behind their count; in an interrogation the part stands before its fields
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "pumpsim_wire.h"

#define LINE_BYTES_MAX 8192

/* ---------------------------------------------------------------- to JSON */

static void print_hex(const uint8_t *bytes, size_t length) {
  size_t at;
  putchar('"');
  for (at = 0; at < length; at++) printf("%02x", bytes[at]);
  putchar('"');
}

static void print_text(pumpsim_span text) {
  size_t at;
  putchar('"');
  for (at = 0; at < text.length; at++) {
    uint8_t byte = text.bytes[at];
    if (byte < 0x20 || byte == '"' || byte == '\\') {
      printf("\\u%04x", byte);
    } else {
      putchar(byte);
    }
  }
  putchar('"');
}

#define PRINT(kind, name, more) printf(", \"" #name "\": "); PRINT_##kind(name, more)
#define PRINT_U8(name, more) printf("%" PRIu8, body->name);
#define PRINT_U16(name, more) printf("%" PRIu16, body->name);
#define PRINT_U32(name, more) printf("%" PRIu32, body->name);
#define PRINT_U64(name, more) printf("%" PRIu64, body->name);
#define PRINT_I64(name, more) printf("%" PRId64, body->name);
#define PRINT_FIXED(name, more) print_hex(body->name, more);
#define PRINT_TAIL(name, more) print_hex(body->name.bytes, body->name.length);
#define PRINT_TEXT(name, more) print_text(body->name);
#define PRINT_ROWS(name, more) print_rows_of_##more(body->name);

#define PRINT_LATER(kind, name, more, since) if (body->minor >= since) { PRINT(kind, name, more) }

/* A first field without meaning spares the question where commas go. */
#define DEFINE_PRINT(lower, UPPER)                                                      \
  static inline void print_##lower(const pumpsim_##lower *body) {                       \
    PUMPSIM_FIELDS_##UPPER(PRINT)                                                       \
    PUMPSIM_LATER_FIELDS_##UPPER(PRINT_LATER)                                           \
  }                                                                                     \
  static inline void print_rows_of_##lower(pumpsim_rows rows) {                         \
    pumpsim_reader from = pumpsim_reader_of(rows.encoded.bytes, rows.encoded.length);   \
    unsigned number;                                                                    \
    putchar('[');                                                                       \
    for (number = 0; number < rows.count; number++) {                                   \
      pumpsim_##lower row;                                                              \
      pumpsim_get_##lower(&from, &row);                                                 \
      printf(number > 0 ? ", {\"row\": %u" : "{\"row\": %u", number);                   \
      print_##lower(&row);                                                              \
      putchar('}');                                                                     \
    }                                                                                   \
    putchar(']');                                                                       \
  }
PUMPSIM_TYPES(DEFINE_PRINT)

static void print_request(const pumpsim_request_body *body) {
  switch (body->opcode) {
#define PRINT_REQUEST(label, member, type) case label: print_##type(&body->as.member); break;
    PUMPSIM_REQUESTS(PRINT_REQUEST)
    default: break;
  }
}

static void print_part(const pumpsim_answer_body *body) {
  printf(", \"number\": %u", body->part);
  switch (body->part) {
#define PRINT_MEMBER(label, member, type) case label: print_##type(&body->as.member); break;
    PUMPSIM_PARTS(PRINT_MEMBER)
    default: break;
  }
}

static void print_answer(const pumpsim_answer_body *body) {
  printf(", \"result\": %u", body->result);
  if (body->result == PUMPSIM_ANSWER_OK) {
    switch (body->opcode) {
      PUMPSIM_ANSWERS(PRINT_MEMBER)
      case PUMPSIM_OPCODE_INTERROGATE: print_part(body); break;
      default: break;
    }
    return;
  }
  switch (body->result) {
    PUMPSIM_CARRIED(PRINT_MEMBER)
    default: break;
  }
}

/* ---------------------------------------------------------------- from a line */

static char line[LINE_BYTES_MAX];
static char *rest;
static uint8_t scratch[LINE_BYTES_MAX];
static size_t scratch_used;

static char *word(void) {
  char *found = rest;
  size_t size = strcspn(rest, " \n");
  rest += size;
  if (*rest != '\0') *rest++ = '\0';
  return found;
}

static uint64_t number(void) { return strtoull(word(), NULL, 10); }
static int64_t signed_number(void) { return strtoll(word(), NULL, 10); }

/* Bytes from hexadecimal digits, kept until the next line. */
static pumpsim_span bytes_of(const char *digits) {
  pumpsim_span made = {NULL, 0};
  unsigned byte;
  made.bytes = scratch + scratch_used;
  for (; sscanf(digits, "%2x", &byte) == 1; digits += 2) scratch[scratch_used++] = (uint8_t)byte;
  made.length = (size_t)(scratch + scratch_used - made.bytes);
  return made;
}

static pumpsim_span data(void) { return bytes_of(word() + 1); }

static void copy(uint8_t *to, size_t size) {
  pumpsim_span from = data();
  if (from.length == size) memcpy(to, from.bytes, size);
}

#define SCAN(kind, name, more) SCAN_##kind(name, more)
#define SCAN_U8(name, more) body->name = (uint8_t)number();
#define SCAN_U16(name, more) body->name = (uint16_t)number();
#define SCAN_U32(name, more) body->name = (uint32_t)number();
#define SCAN_U64(name, more) body->name = number();
#define SCAN_I64(name, more) body->name = signed_number();
#define SCAN_FIXED(name, more) copy(body->name, more);
#define SCAN_TAIL(name, more) body->name = data();
#define SCAN_TEXT(name, more) body->name = data();
#define SCAN_ROWS(name, more) body->name = scan_rows_of_##more();

#define SCAN_LATER(kind, name, more, since) if (*rest != '\0') { body->minor = since; SCAN(kind, name, more) }

#define DEFINE_SCAN(lower, UPPER)                                                       \
  static inline void scan_##lower(pumpsim_##lower *body) {                              \
    PUMPSIM_FIELDS_##UPPER(SCAN)                                                        \
    PUMPSIM_LATER_FIELDS_##UPPER(SCAN_LATER)                                            \
  }                                                                                     \
  static inline pumpsim_rows scan_rows_of_##lower(void) {                               \
    pumpsim_rows made = {{NULL, 0}, 0};                                                 \
    uint8_t encoded[PUMPSIM_PAYLOAD_BYTES_MAX];                                         \
    pumpsim_writer to = pumpsim_writer_of(encoded, sizeof encoded);                     \
    unsigned left = (unsigned)number();                                                 \
    for (made.count = (uint8_t)left; left > 0; left--) {                                \
      pumpsim_##lower row;                                                              \
      memset(&row, 0, sizeof row);                                                      \
      scan_##lower(&row);                                                               \
      pumpsim_put_##lower(&to, &row);                                                   \
    }                                                                                   \
    made.encoded.bytes = memcpy(scratch + scratch_used, encoded, to.at);                \
    made.encoded.length = to.at;                                                        \
    scratch_used += to.at;                                                              \
    return made;                                                                        \
  }
PUMPSIM_TYPES(DEFINE_SCAN)

static void scan_request(pumpsim_request_body *body) {
  switch (body->opcode) {
#define SCAN_MEMBER(label, member, type) case label: scan_##type(&body->as.member); break;
    PUMPSIM_REQUESTS(SCAN_MEMBER)
    default: break;
  }
}

static void scan_part(pumpsim_answer_body *body) {
  body->part = (uint8_t)number();
  switch (body->part) {
    PUMPSIM_PARTS(SCAN_MEMBER)
    default: break;
  }
}

static void scan_answer(pumpsim_answer_body *body) {
  body->result = (uint8_t)number();
  if (body->result == PUMPSIM_ANSWER_OK) {
    switch (body->opcode) {
      PUMPSIM_ANSWERS(SCAN_MEMBER)
      case PUMPSIM_OPCODE_INTERROGATE: scan_part(body); break;
      default: break;
    }
    return;
  }
  switch (body->result) {
    PUMPSIM_CARRIED(SCAN_MEMBER)
    default: break;
  }
}

/* ---------------------------------------------------------------- the three kinds of line */

static void print_frame(pumpsim_frame *frame, const uint8_t *body, size_t length) {
  uint8_t run[PUMPSIM_ENCODED_BYTES_MAX];
  frame->body.bytes = body;
  frame->body.length = length;
  print_hex(run, pumpsim_build_frame(frame, run, sizeof run));
}

static void read_body(pumpsim_frame *frame) {
  uint8_t encoded[PUMPSIM_PAYLOAD_BYTES_MAX];
  pumpsim_request_body request;
  pumpsim_answer_body answer;
  bool is_answer = (frame->header.flags & PUMPSIM_FLAG_ANSWER) != 0, encodes;
  size_t length;
  pumpsim_result result = is_answer ? pumpsim_decode_answer(frame, &answer) : pumpsim_decode_request(frame, &request);
  if (result != PUMPSIM_READ) {
    printf(", \"unreadable\": %d}\n", (int)result);
    return;
  }
  printf(", \"body\": {\"row\": 0");
  if (is_answer) {
    print_answer(&answer);
    encodes = pumpsim_encode_answer(&answer, encoded, sizeof encoded, &length);
  } else {
    print_request(&request);
    encodes = pumpsim_encode_request(&request, encoded, sizeof encoded, &length);
  }
  printf("}, \"encodes\": %s, \"again\": ", encodes ? "true" : "false");
  print_frame(frame, encoded, length);
  printf("}\n");
}

static void read_frame(const uint8_t *run, size_t length) {
  uint8_t decoded[PUMPSIM_ENCODED_BYTES_MAX];
  pumpsim_frame frame;
  pumpsim_bad bad = pumpsim_parse_frame(run, length, decoded, &frame);
  if (bad != PUMPSIM_GOOD) {
    printf("{\"bad\": \"%s\"}\n", pumpsim_bad_name(bad));
    return;
  }
  printf("{\"version\": %u, \"flags\": %u, \"opcode\": %u", frame.header.version, frame.header.flags, frame.header.opcode);
  printf(", \"session\": %" PRIu32 ", \"sequence\": %" PRIu32 ", \"payload\": ", frame.header.session, frame.header.sequence);
  print_hex(frame.body.bytes, frame.body.length);
  printf(", \"mac\": ");
  print_hex(frame.mac, frame.mac != NULL ? PUMPSIM_MAC_BYTES : 0);
  read_body(&frame);
}

/* As a port would: byte by byte, and a pause at the end. */
static void read_run(void) {
  static pumpsim_collector collector;
  pumpsim_span run = bytes_of(word());
  size_t at, length;
  memset(&collector, 0, sizeof collector);
  for (at = 0; at < run.length; at++) {
    switch (pumpsim_collect(&collector, &length, run.bytes[at])) {
      case PUMPSIM_RUN: read_frame(collector.run, length); return;
      case PUMPSIM_TOO_LONG: printf("{\"bad\": \"%s\"}\n", pumpsim_bad_name(PUMPSIM_BAD_TOO_LONG)); return;
      default: break;
    }
  }
  printf("{\"bad\": \"%s\"}\n", pumpsim_bad_name(PUMPSIM_BAD_PAUSE));
}

static void build(bool is_answer) {
  uint8_t encoded[PUMPSIM_PAYLOAD_BYTES_MAX];
  uint16_t opcode = (uint16_t)number();
  uint32_t session = (uint32_t)number(), sequence = (uint32_t)number();
  pumpsim_frame frame = pumpsim_frame_of(opcode, session, sequence, NULL, 0);
  pumpsim_request_body request;
  pumpsim_answer_body answer;
  size_t length = 0;
  memset(&request, 0, sizeof request);
  memset(&answer, 0, sizeof answer);
  request.opcode = answer.opcode = opcode;
  if (is_answer) {
    frame.header.flags = PUMPSIM_FLAG_ANSWER;
    scan_answer(&answer);
    pumpsim_encode_answer(&answer, encoded, sizeof encoded, &length);
  } else {
    scan_request(&request);
    pumpsim_encode_request(&request, encoded, sizeof encoded, &length);
  }
  print_frame(&frame, encoded, length);
  putchar('\n');
}

int main(void) {
  while (fgets(line, sizeof line, stdin) != NULL) {
    const char *act;
    rest = line;
    scratch_used = 0;
    act = word();
    if (strcmp(act, "read") == 0) {
      read_run();
    } else {
      build(strcmp(act, "answer") == 0);
    }
  }
  return 0;
}
