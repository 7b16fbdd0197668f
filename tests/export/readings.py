"""What the codec reads from runs of bytes, in the form that every other reader is brought to, and the runs they are all tried on."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cobs import cobs

from protocol.answers import read_answer
from protocol.capture.reader import CaptureReader, Packet
from protocol.codec import decode_of_any_minor, encode
from protocol.codes import Answer
from protocol.errors import WireError
from protocol.export.broken import broken_runs, sealed, unreadable_frames
from protocol.export.keyed import keyed_session
from protocol.export.layout import minors
from protocol.export.plain_body import plain_body
from protocol.export.vectors import messages
from protocol.fields import NEWEST
from protocol.framing import ANSWER, MAC, Bad, Frame, FrameDecoder, encode_frame
from protocol.message_table import INTERROGATE, SPECS
from tests.golden import frames as golden

__all__ = ["CAPTURES", "Reading", "captured_runs", "expected", "golden_runs", "runs", "spoilt_runs"]

Reading = dict[str, Any]
SPOILT = 400
CAPTURES = sorted(golden.FILE.parent.glob("*.pcapng"))
"""The golden captures: sessions as they were recorded, damaged frames in them."""


def expected(run: bytes) -> Reading:
    """The codec's reading: `bad` with the reason, or the header, the MAC, and the body; a body that cannot be read is None."""
    decoder = FrameDecoder()
    (found,) = decoder.feed(run) or decoder.break_off()
    if isinstance(found, Bad):
        return {"bad": found.reason.name}
    flags = found.flags | (MAC if found.mac else 0)
    header = {"version": found.version, "flags": flags, "opcode": found.opcode, "session": found.session, "sequence": found.sequence}
    try:
        body = _answered(found) if found.flags & ANSWER else _requested(found)
    except WireError:
        body = None
    return {**header, "mac": found.mac.hex(), "payload": found.body.hex(), "body": body}


def _requested(frame: Frame) -> Reading | None:
    spec = SPECS.get(frame.opcode)
    return None if spec is None else _heard(decode_of_any_minor(spec.request, frame.body), frame.body)


def _answered(frame: Frame) -> Reading:
    reply = read_answer(frame.opcode, frame.body)
    part = {"number": frame.body[1]} if frame.opcode == INTERROGATE and reply.answer is Answer.OK else {}
    return {"result": int(reply.answer), **part, **_heard(reply.body, frame.body[1 + len(part) :])}


def _heard(body: tuple[Any, ...], data: bytes) -> Reading:
    """The fields that are there, and not those that an older body leaves out."""
    minor = next(minor for minor in (NEWEST, *(minor - 1 for minor in minors(type(body)))) if encode(body, minor) == data)
    return plain_body(body, minor)


def runs(seed: int) -> list[bytes]:
    """Everything that readers are tried on: the golden captures and frames, all vectors, what must be refused, and spoilt frames."""
    return [*golden_runs(), *spoilt_runs(seed)]


def captured_runs(capture: Path) -> list[bytes]:
    """The runs of a capture, in order; zeros alone are left out."""
    packets = [item for item in CaptureReader().feed(capture.read_bytes()) if isinstance(item, Packet)]
    return [packet.raw for packet in packets if packet.raw != b"\0"]


def golden_runs() -> list[bytes]:
    """The golden captures and frames, the vectors, and everything that must be refused."""
    captured = [line for capture in CAPTURES for line in captured_runs(capture)]
    keyed = keyed_session()
    signed = [bytes.fromhex(keyed[name]) for name in ("hello_frame", "answer_frame")] + [bytes.fromhex(f["frame"]) for f in keyed["frames"]]
    made = [encode_frame(vector.frame) for vector in messages()]
    refused = [run for _, run in broken_runs()] + [encode_frame(frame) for _, frame in unreadable_frames()]
    return [*captured, *golden.stored().values(), *made, *signed, *refused]


def spoilt_runs(seed: int) -> list[bytes]:
    """Frames with bytes lost, doubled and bent: half of them on the line, half before their CRC was worked out."""
    draw = random.Random(seed)
    whole = [*golden.stored().values(), *(encode_frame(vector.frame) for vector in messages())]
    return list(_spoilt(draw, whole))


def _spoilt(draw: random.Random, whole: list[bytes]) -> Iterator[bytes]:
    for number in range(SPOILT):
        run = draw.choice(whole)[:-1]
        if number % 2:
            yield sealed(_bent(draw, cobs.decode(run)[:-4]))
        else:
            yield _bent(draw, run).replace(b"\0", b"\1") + b"\0"


def _bent(draw: random.Random, data: bytes) -> bytes:
    at = draw.randrange(len(data))
    match draw.randrange(4):
        case 0:
            return data[:at] + data[at + 1 :] or b"\1"
        case 1:
            return data[:at] + bytes((draw.randrange(256),)) + data[at:]
        case 2:
            return data[: at + 1]
        case _:
            return data[:at] + bytes((data[at] ^ 1 << draw.randrange(8),)) + data[at + 1 :]
