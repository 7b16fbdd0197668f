"""Every bound of the wire, with its reason. Past a bound stands a named error, never a clamp."""

from __future__ import annotations

__all__ = [
    "ANSWER_BYTES_MAX",
    "BACK_OFF_FREE",
    "BACK_OFF_US_FIRST",
    "BACK_OFF_US_MAX",
    "CHUNK_BYTES_MAX",
    "DECODED_BYTES_MAX",
    "ENCODED_BYTES_MAX",
    "ENTRIES",
    "I64_MAX",
    "IMAGE_BYTES_MAX",
    "INTER_BYTE_US",
    "LINE_ERRORS_MAX",
    "LOGGED_REFUSALS",
    "LOGGED_REFUSAL_US",
    "LOG_RECORDS_MAX",
    "MAGNET_STOPS_MAX",
    "MAGNET_STOPS_US",
    "OVERRIDES_MAX",
    "SOFT_DOSE_RULE",
    "PAYLOAD_BYTES_MAX",
    "RETRIES",
    "SESSION_IDLE_US",
    "SESSION_LIFE_US",
    "STAGING_US",
    "TOKEN_US",
    "TURNED_AWAY_US",
    "U32_MAX",
    "WAKES_UNPROVED",
    "WAKE_US",
]

U32_MAX = 0xFFFF_FFFF
I64_MAX = 0x7FFF_FFFF_FFFF_FFFF

PAYLOAD_BYTES_MAX = 512
"""A therapy of seven groups takes two frames, a page of the log one; CRC-32C keeps its distance of 6 up to 655 bytes."""

DECODED_BYTES_MAX = 540
"""Header 16, payload 512, MAC 8, CRC 4."""

ENCODED_BYTES_MAX = 544
"""COBS adds one byte per 254 begun and the zero that ends the frame."""

IMAGE_BYTES_MAX = 940
"""A therapy bank of 1 KiB less its header and spare; seven groups of thirteen steps need 792."""

CHUNK_BYTES_MAX = 448
"""Bytes of an image in one PUT or one answer: a payload less the largest fixed part, rounded down."""

OVERRIDES_MAX = 16
"""Tokens in one COMMIT: more rules than one therapy can break."""
SOFT_DOSE_RULE = 33
"""The rule, R-033, whose token sets aside a drug's soft limit of dose; the only one that a pump judges."""

LOG_RECORDS_MAX = 7
"""Records in one LOG answer."""

ENTRIES = 16
"""Commands that the answer table remembers: more than a programmer can have in doubt at once."""

ANSWER_BYTES_MAX = 28
"""The longest answer body kept for a command: a refusal takes 24."""

INTER_BYTE_US = 50_000
"""A frame that pauses longer is given up: at 9600 baud 50 ms is 48 byte times."""

SESSION_IDLE_US = 600 * 1_000_000
"""Ten minutes without a request: the programmer was put down."""

SESSION_LIFE_US = 3600 * 1_000_000
"""No session outlives an hour, however busy."""

STAGING_US = 600 * 1_000_000
"""Ten minutes from BEGIN to COMMIT; a pump that stopped for the update should not wait longer for the news."""

TOKEN_US = 60 * 1_000_000
"""The second frame of a service reset follows the first within a minute."""

BACK_OFF_FREE = 3
"""Failures to prove a key before the next one has to wait."""
BACK_OFF_US_FIRST = 1_000_000
BACK_OFF_US_MAX = 60_000_000
"""1, 2, 4 and so on to 60 s: 64 bits of MAC outlast the universe at a guess a minute."""

TURNED_AWAY_US = 60_000_000
LOGGED_REFUSALS = 64
LOGGED_REFUSAL_US = 3600 * 1_000_000
"""Refusals outside a session are logged once a minute, and after 64 such records once an hour: noise without end takes half a year to fill
a ring of 4,096, and so cannot push therapy records out."""

WAKES_UNPROVED = 24
WAKE_US = 300 * 1_000_000
"""Calls that nobody proved: so many at once, then one in five minutes, whatever ids they name. Twelve an hour are what the shipped pumps'
receivers listen to after failures, and a sixteenth of what such a pump draws by itself."""

MAGNET_STOPS_MAX = 3
MAGNET_STOPS_US = 3600 * 1_000_000
"""STOP without a session works three times an hour."""

LINE_ERRORS_MAX = U32_MAX
"""The count of undecodable runs stays here once it gets here."""

RETRIES = 3
"""Identical resends of one request by a client before it gives up."""
