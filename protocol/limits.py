"""Every bound of the wire, with its reason. Past a bound stands a named error, never a clamp."""

from __future__ import annotations

__all__ = [
    "ANSWER_BYTES_MAX",
    "CHUNK_BYTES_MAX",
    "DECODED_BYTES_MAX",
    "ENCODED_BYTES_MAX",
    "ENTRIES",
    "IMAGE_BYTES_MAX",
    "INTER_BYTE_US",
    "LINE_ERRORS_MAX",
    "LOG_RECORDS_MAX",
    "OVERRIDES_MAX",
    "SOFT_DOSE_RULE",
    "PAYLOAD_BYTES_MAX",
    "RETRIES",
    "SESSION_IDLE_US",
    "SESSION_LIFE_US",
    "STAGING_US",
    "U32_MAX",
]

U32_MAX = 0xFFFF_FFFF

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

LINE_ERRORS_MAX = U32_MAX
"""The count of undecodable runs stays here once it gets here."""

RETRIES = 3
"""Identical resends of one request by a client before it gives up."""
