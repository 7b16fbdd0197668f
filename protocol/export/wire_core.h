/* ---------------------------------------------------------------- reading and writing */

/* Bytes that lie somewhere else: nothing is copied, so what a span points into must outlive it. */
typedef struct {
  const uint8_t *bytes;
  size_t length;
} pumpsim_span;

/* Rows as they lie on the wire: read them one after another with the get function of their type. */
typedef struct {
  pumpsim_span encoded;
  uint8_t count;
} pumpsim_rows;

typedef enum {
  PUMPSIM_READ = 0,
  PUMPSIM_WRONG_LENGTH,
  PUMPSIM_MALFORMED /* text that is no UTF-8, or a code that names no body */
} pumpsim_result;

/* A place in bytes that are being read. After the first failure nothing more is read, and all numbers are 0. */
typedef struct {
  const uint8_t *bytes;
  size_t length;
  size_t at;
  pumpsim_result result;
} pumpsim_reader;

/* A place in bytes that are being written. `failed` says that something did not fit, or could not be read again. */
typedef struct {
  uint8_t *bytes;
  size_t capacity;
  size_t at;
  bool failed;
} pumpsim_writer;

static inline pumpsim_reader pumpsim_reader_of(const uint8_t *bytes, size_t length) {
  static const uint8_t nothing[1] = {0};
  pumpsim_reader made = {NULL, 0, 0, PUMPSIM_READ};
  made.bytes = bytes != NULL ? bytes : nothing;
  made.length = bytes != NULL ? length : 0;
  return made;
}

static inline pumpsim_writer pumpsim_writer_of(uint8_t *bytes, size_t capacity) {
  pumpsim_writer made = {bytes, capacity, 0, false};
  return made;
}

/* The next `size` bytes, or NULL. */
static inline const uint8_t *pumpsim_take(pumpsim_reader *from, size_t size) {
  const uint8_t *taken = NULL;
  if (from->result == PUMPSIM_READ && size > from->length - from->at) from->result = PUMPSIM_WRONG_LENGTH;
  if (from->result == PUMPSIM_READ) {
    taken = from->bytes + from->at;
    from->at += size;
  }
  return taken;
}

static inline uint64_t pumpsim_get_number(pumpsim_reader *from, size_t size) {
  const uint8_t *taken = pumpsim_take(from, size);
  uint64_t value = 0;
  while (taken != NULL && size > 0) value = value << 8 | taken[--size];
  return value;
}

static inline uint8_t pumpsim_get_u8(pumpsim_reader *from) { return (uint8_t)pumpsim_get_number(from, 1); }
static inline uint16_t pumpsim_get_u16(pumpsim_reader *from) { return (uint16_t)pumpsim_get_number(from, 2); }
static inline uint32_t pumpsim_get_u32(pumpsim_reader *from) { return (uint32_t)pumpsim_get_number(from, 4); }
static inline uint64_t pumpsim_get_u64(pumpsim_reader *from) { return pumpsim_get_number(from, 8); }

static inline int64_t pumpsim_get_i64(pumpsim_reader *from) {
  uint64_t value = pumpsim_get_number(from, 8);
  return value <= (uint64_t)INT64_MAX ? (int64_t)value : -(int64_t)(UINT64_MAX - value) - 1;
}

static inline void pumpsim_get_fixed(pumpsim_reader *from, uint8_t *bytes, size_t size) {
  const uint8_t *taken = pumpsim_take(from, size);
  if (taken != NULL) {
    memcpy(bytes, taken, size);
  } else {
    memset(bytes, 0, size);
  }
}

static inline pumpsim_span pumpsim_get_span(pumpsim_reader *from, size_t size) {
  pumpsim_span found = {NULL, 0};
  found.bytes = pumpsim_take(from, size);
  if (found.bytes != NULL) found.length = size;
  return found;
}

static inline pumpsim_span pumpsim_get_tail(pumpsim_reader *from) { return pumpsim_get_span(from, from->length - from->at); }

/* Bytes of a character that begins with this one, and the bounds of its second byte; 0 if none begins so. */
static inline size_t pumpsim_utf8_size(uint8_t first, uint8_t *low, uint8_t *high) {
  *low = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80;
  *high = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;
  if (first < 0x80) return 1;
  if (first < 0xC2 || first > 0xF4) return 0;
  return first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
}

static inline bool pumpsim_is_utf8(pumpsim_span text) {
  size_t at = 0;
  while (at < text.length) {
    uint8_t low, high;
    size_t more, size = pumpsim_utf8_size(text.bytes[at], &low, &high);
    if (size == 0 || size > text.length - at) return false;
    for (more = 1; more < size; more++) {
      uint8_t byte = text.bytes[at + more];
      if (byte < (more == 1 ? low : 0x80) || byte > (more == 1 ? high : 0xBF)) return false;
    }
    at += size;
  }
  return true;
}

static inline pumpsim_span pumpsim_get_text(pumpsim_reader *from) {
  pumpsim_span found = pumpsim_get_span(from, pumpsim_get_u8(from));
  if (from->result == PUMPSIM_READ && !pumpsim_is_utf8(found)) from->result = PUMPSIM_MALFORMED;
  return found;
}

/* Room for `size` bytes, or NULL. */
static inline uint8_t *pumpsim_room(pumpsim_writer *to, size_t size) {
  uint8_t *room = NULL;
  if (size > to->capacity - to->at) to->failed = true;
  if (!to->failed) {
    room = to->bytes + to->at;
    to->at += size;
  }
  return room;
}

static inline void pumpsim_put_number(pumpsim_writer *to, uint64_t value, size_t size) {
  uint8_t *room = pumpsim_room(to, size);
  size_t at;
  for (at = 0; room != NULL && at < size; at++) room[at] = (uint8_t)(value >> 8 * at & 0xFF);
}

static inline void pumpsim_put_u8(pumpsim_writer *to, uint8_t value) { pumpsim_put_number(to, value, 1); }
static inline void pumpsim_put_u16(pumpsim_writer *to, uint16_t value) { pumpsim_put_number(to, value, 2); }
static inline void pumpsim_put_u32(pumpsim_writer *to, uint32_t value) { pumpsim_put_number(to, value, 4); }
static inline void pumpsim_put_u64(pumpsim_writer *to, uint64_t value) { pumpsim_put_number(to, value, 8); }
static inline void pumpsim_put_i64(pumpsim_writer *to, int64_t value) { pumpsim_put_number(to, (uint64_t)value, 8); }

static inline void pumpsim_put_fixed(pumpsim_writer *to, const uint8_t *bytes, size_t size) {
  uint8_t *room = pumpsim_room(to, size);
  if (room != NULL && size > 0) memcpy(room, bytes, size);
}

static inline void pumpsim_put_tail(pumpsim_writer *to, pumpsim_span data) { pumpsim_put_fixed(to, data.bytes, data.length); }

static inline void pumpsim_put_text(pumpsim_writer *to, pumpsim_span text) {
  if (text.length > UINT8_MAX || !pumpsim_is_utf8(text)) to->failed = true;
  pumpsim_put_u8(to, (uint8_t)(text.length & 0xFF));
  pumpsim_put_tail(to, text);
}

/* ---------------------------------------------------------------- CRC-32C and COBS */

static inline uint32_t pumpsim_crc32c(const uint8_t *bytes, size_t length) {
  uint32_t crc = UINT32_MAX;
  size_t at;
  int bit;
  for (at = 0; at < length; at++) {
    crc ^= bytes[at];
    for (bit = 0; bit < 8; bit++) crc = crc >> 1 ^ ((crc & 1) != 0 ? PUMPSIM_CRC_POLYNOMIAL : 0);
  }
  return crc ^ UINT32_MAX;
}

/* Encode without the zero at the end. `encoded` needs `length` + `length` / 254 + 1 bytes. Returns how many it took. */
static inline size_t pumpsim_cobs_encode(const uint8_t *bytes, size_t length, uint8_t *encoded) {
  size_t code_at = 0, at, to = 1;
  uint8_t code = 1;
  for (at = 0; at < length; at++) {
    if (bytes[at] != 0) {
      encoded[to++] = bytes[at];
      code++;
    }
    if (bytes[at] == 0 || (code == 0xFF && at + 1 < length)) {
      encoded[code_at] = code;
      code_at = to++;
      code = 1;
    }
  }
  encoded[code_at] = code;
  return to;
}

/* Decode what stood before a zero; never longer than it was. Returns false if it is not COBS. `decoded` may be `encoded` itself. */
static inline bool pumpsim_cobs_decode(const uint8_t *encoded, size_t length, uint8_t *decoded, size_t *decoded_length) {
  size_t at = 0, to = 0;
  while (at < length) {
    uint8_t code = encoded[at++];
    size_t end = at + code - 1;
    if (code == 0 || end > length) return false;
    while (at < end) {
      if (encoded[at] == 0) return false;
      decoded[to++] = encoded[at++];
    }
    if (code != 0xFF && at < length) decoded[to++] = 0;
  }
  *decoded_length = to;
  return true;
}

/* ---------------------------------------------------------------- frames */

/* One frame. `mac` is NULL, or PUMPSIM_MAC_BYTES of a frame in a keyed session; the flag of the MAC follows from it. */
typedef struct {
  pumpsim_header header;
  pumpsim_span body;
  const uint8_t *mac;
} pumpsim_frame;

/* A frame without a MAC, of this version: session and sequence 0 for HELLO. */
static inline pumpsim_frame pumpsim_frame_of(uint16_t opcode, uint32_t session, uint32_t sequence, const uint8_t *body, size_t length) {
  pumpsim_frame made;
  memset(&made, 0, sizeof made);
  made.header.version = PUMPSIM_VERSION;
  made.header.opcode = opcode;
  made.header.session = session;
  made.header.sequence = sequence;
  made.body.bytes = body;
  made.body.length = length;
  return made;
}

/* The bytes of a frame, its zero included. Returns how many, or 0 if they do not fit into `capacity` or the body into a frame. */
static inline size_t pumpsim_build_frame(const pumpsim_frame *frame, uint8_t *run, size_t capacity) {
  uint8_t raw[PUMPSIM_DECODED_BYTES_MAX];
  pumpsim_writer to = pumpsim_writer_of(raw, sizeof raw);
  pumpsim_header header = frame->header;
  size_t size;
  if (frame->body.length > PUMPSIM_PAYLOAD_BYTES_MAX) return 0;
  header.length = (uint16_t)frame->body.length;
  if (frame->mac != NULL) header.flags = (uint8_t)(header.flags | PUMPSIM_FLAG_MAC);
  pumpsim_put_header(&to, &header);
  pumpsim_put_tail(&to, frame->body);
  if (frame->mac != NULL) pumpsim_put_fixed(&to, frame->mac, PUMPSIM_MAC_BYTES);
  pumpsim_put_u32(&to, pumpsim_crc32c(raw, to.at));
  if (to.failed || to.at + to.at / 254 + 2 > capacity) return 0;
  size = pumpsim_cobs_encode(raw, to.at, run);
  run[size] = 0;
  return size + 1;
}

static inline pumpsim_bad pumpsim_take_apart(const uint8_t *raw, size_t size, pumpsim_frame *frame) {
  pumpsim_reader from = pumpsim_reader_of(raw, size);
  size_t mac_bytes;
  if (size < PUMPSIM_HEADER_BYTES + PUMPSIM_CRC_BYTES) return PUMPSIM_BAD_TOO_SHORT;
  if (size > PUMPSIM_DECODED_BYTES_MAX) return PUMPSIM_BAD_TOO_LONG;
  pumpsim_get_header(&from, &frame->header);
  mac_bytes = (frame->header.flags & PUMPSIM_FLAG_MAC) != 0 ? PUMPSIM_MAC_BYTES : 0;
  from.at = size - PUMPSIM_CRC_BYTES;
  if (pumpsim_get_u32(&from) != pumpsim_crc32c(raw, size - PUMPSIM_CRC_BYTES)) return PUMPSIM_BAD_CRC;
  if (frame->header.zero != 0 || (frame->header.flags & ~(PUMPSIM_FLAG_ANSWER | PUMPSIM_FLAG_MAC)) != 0) return PUMPSIM_BAD_HEADER;
  if (PUMPSIM_HEADER_BYTES + frame->header.length + mac_bytes + PUMPSIM_CRC_BYTES != size) return PUMPSIM_BAD_LENGTH;
  frame->body.bytes = raw + PUMPSIM_HEADER_BYTES;
  frame->body.length = frame->header.length;
  frame->mac = mac_bytes != 0 ? frame->body.bytes + frame->body.length : NULL;
  return PUMPSIM_GOOD;
}

/* Read one run of bytes, without its zero, into `decoded`, which the frame then points into. Any other result than PUMPSIM_GOOD is a
 * run to count and forget. */
static inline pumpsim_bad pumpsim_parse_frame(
    const uint8_t *run, size_t length, uint8_t decoded[PUMPSIM_ENCODED_BYTES_MAX], pumpsim_frame *frame) {
  size_t size;
  memset(frame, 0, sizeof *frame);
  if (length > PUMPSIM_ENCODED_BYTES_MAX - 1) return PUMPSIM_BAD_TOO_LONG;
  if (!pumpsim_cobs_decode(run, length, decoded, &size)) return PUMPSIM_BAD_COBS;
  return pumpsim_take_apart(decoded, size, frame);
}

/* Collects bytes as they come over the line; set it to zeros at the start. */
typedef struct {
  uint8_t run[PUMPSIM_ENCODED_BYTES_MAX];
  size_t length;
  bool skipping;
} pumpsim_collector;

typedef enum { PUMPSIM_MORE = 0, PUMPSIM_RUN, PUMPSIM_TOO_LONG } pumpsim_collected;

/* Take one byte. After PUMPSIM_RUN parse `run` and `length` before the next byte; PUMPSIM_TOO_LONG tells of a run once, the rest of it is
 * dropped. If a run pauses for longer than PUMPSIM_INTER_BYTE_US, set the collector to zeros and count one error. */
static inline pumpsim_collected pumpsim_collect(pumpsim_collector *from, size_t *length, uint8_t byte) {
  if (byte == 0) {
    *length = from->length;
    from->length = 0;
    if (!from->skipping && *length > 0) return PUMPSIM_RUN;
    from->skipping = false;
  } else if (!from->skipping) {
    from->run[from->length++] = byte;
    if (from->length < sizeof from->run) return PUMPSIM_MORE;
    from->length = 0;
    from->skipping = true;
    return PUMPSIM_TOO_LONG;
  }
  return PUMPSIM_MORE;
}
