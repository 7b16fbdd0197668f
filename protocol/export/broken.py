"""What must be refused: runs of bytes that are no frames, and frames whose body is none."""

from __future__ import annotations

from collections.abc import Iterator

from cobs import cobs

from protocol.answers import ok
from protocol.codec import encode
from protocol.codes import Answer
from protocol.crc import crc32c
from protocol.export.layout import items
from protocol.export.samples import sample
from protocol.framing import ANSWER, HEADER, MAC, MAC_BYTES, VERSION, Frame, encode_frame
from protocol.limits import DECODED_BYTES_MAX, ENCODED_BYTES_MAX, PAYLOAD_BYTES_MAX
from protocol.message_table import BY_NAME, HELLO, INTERROGATE, INTERROGATE_PARTS, MESSAGES
from protocol.messages import HelloAnswer, Interrogate

__all__ = ["broken_runs", "sealed", "unreadable_frames"]

_ZERO = b"\0"
_BODY = encode(sample(Interrogate, "counting"))
_OPCODE_NOT_KNOWN = 0xFFFE


def broken_runs() -> Iterator[tuple[str, bytes]]:
    """Name and bytes of each, in the order in which a reader comes upon what is wrong."""
    good = encode_frame(Frame(INTERROGATE, 7, 3, _BODY))
    decoded = cobs.decode(good[:-1])
    yield "a code byte of COBS points past the end", bytes((255,)) + good[1:]
    yield "a frame that lost its last byte", good[:-2] + _ZERO
    yield "one byte", b"\1\0"
    yield "shorter than header and CRC", cobs.encode(decoded[: HEADER.size + 3]) + _ZERO
    yield "one byte longer than the longest run", b"\1" * ENCODED_BYTES_MAX + _ZERO
    yield "longer than the longest frame", sealed(_header(PAYLOAD_BYTES_MAX + 1, MAC) + bytes(PAYLOAD_BYTES_MAX + 1 + MAC_BYTES))
    yield "longer than the longest run, and not over yet", b"\1" * ENCODED_BYTES_MAX
    yield "one bit of the body turned around", cobs.encode(_turned(decoded, HEADER.size)) + _ZERO
    yield "one bit of the CRC turned around", cobs.encode(_turned(decoded, len(decoded) - 1)) + _ZERO
    yield "reserved flag", sealed(_header(len(_BODY), 4) + _BODY)
    yield "highest reserved flag", sealed(_header(len(_BODY), 128) + _BODY)
    yield "reserved word is not zero", sealed(HEADER.pack(VERSION, 0, INTERROGATE, 7, 3, len(_BODY), 1) + _BODY)
    yield "length one too low", sealed(_header(len(_BODY) - 1) + _BODY)
    yield "length one too high", sealed(_header(len(_BODY) + 1) + _BODY)
    yield "a MAC is flagged and none is there", sealed(_header(len(_BODY), MAC) + _BODY)
    yield "a MAC is there and none is flagged", sealed(_header(len(_BODY)) + _BODY + bytes(MAC_BYTES))
    yield "broken off in the middle", good[: len(good) // 2]
    yield "broken off before its zero", good[:-1]
    yield "two bytes, broken off", good[:2]
    assert len(decoded) <= DECODED_BYTES_MAX


def _header(length: int, flags: int = 0) -> bytes:
    return HEADER.pack(VERSION, flags, INTERROGATE, 7, 3, length, 0)


def sealed(raw: bytes) -> bytes:
    """Any bytes with a right CRC, as a run."""
    run: bytes = cobs.encode(raw + crc32c(raw).to_bytes(4, "little"))
    return run + _ZERO


def _turned(data: bytes, at: int) -> bytes:
    return data[:at] + bytes((data[at] ^ 1,)) + data[at + 1 :]


def unreadable_frames() -> Iterator[tuple[str, Frame]]:
    """Each request and each OK answer with a byte too few and a byte too many, then text that is none, and codes that are not known."""
    for spec in MESSAGES:
        requested = encode(sample(spec.request, "counting"))
        if not _open_ended(spec.request):
            yield f"{spec.name} with a byte too many", Frame(spec.opcode, 7, 3, requested + b"\0")
        if items(spec.request):
            short = encode(sample(spec.request, "lowest"), 0)[:-1]
            yield f"{spec.name} with a byte too few", Frame(spec.opcode, 7, 3, short)
        if spec.opcode != INTERROGATE and not _open_ended(spec.answer):
            answered = ok(sample(spec.answer, "counting"))
            yield f"answer to {spec.name} with a byte too many", Frame(spec.opcode, 7, 3, answered + b"\0", ANSWER)
    yield from _unreadable_answers()


def _unreadable_answers() -> Iterator[tuple[str, Frame]]:
    hello = HelloAnswer(*sample(HelloAnswer, "lowest"))._replace(model="?")
    status = BY_NAME["STATUS"].opcode
    said = ok(hello)
    for name, text in {"a byte that begins nothing": b"\xff", "a surrogate": b"\xed\xa0\x80", "an overlong zero": b"\xc0\x80"}.items():
        at = said.index(b"?") - 1
        yield f"text with {name}", Frame(HELLO, 0, 0, said[:at] + bytes((len(text),)) + text + said[at + 2 :], ANSWER)
    yield "answer without a byte", Frame(status, 7, 3, b"", ANSWER)
    yield "answer of a code that is not known", Frame(status, 7, 3, bytes((max(Answer) + 1,)), ANSWER)
    yield "OK to an opcode that is not known", Frame(_OPCODE_NOT_KNOWN, 7, 3, b"\0", ANSWER)
    yield "INTERROGATE answered without a part", Frame(INTERROGATE, 7, 3, b"\0", ANSWER)
    yield "INTERROGATE answered with a part that is not known", Frame(INTERROGATE, 7, 3, bytes((0, len(INTERROGATE_PARTS))), ANSWER)
    yield "BUSY without a time", Frame(status, 7, 3, bytes((Answer.BUSY,)), ANSWER)
    yield "REPLAY with something behind it", Frame(status, 7, 3, bytes((Answer.REPLAY, 0)), ANSWER)


def _open_ended(declaration: type[tuple[object, ...]]) -> bool:
    return any(item.kind == "tail" for item in items(declaration))
