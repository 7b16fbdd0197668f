"""A keyed session as test vectors: everything between a HELLO and the first frames with a MAC, step by step."""

from __future__ import annotations

from typing import Any

from protocol.answers import ok
from protocol.codec import encode
from protocol.codes import Mode, Role
from protocol.export.plain_body import plain_body
from protocol.framing import ANSWER, Frame, encode_frame
from protocol.mac import SessionKeys, masked, proof_of, session_keys, transcript
from protocol.message_table import BY_NAME, HELLO, PROTOCOL_MAJOR, PROTOCOL_MINOR
from protocol.messages import Hello, HelloAnswer, Interrogate, KeyChange, ModeAnswer, Nothing

__all__ = ["keyed_session"]

_KEY = bytes(range(0x40, 0x60))
"""A key for everybody to see: for vectors and nothing else."""
_CLIENT_NONCE = bytes(range(0x10, 0x20))
_PUMP_NONCE = bytes(range(0x20, 0x30))
_SESSION = 9
_NEW_KEY = bytes(range(0x80, 0xA0))
_SLOT, _SLOT_ROLE = 4, Role.CLINICIAN


def keyed_session() -> dict[str, Any]:
    """Key, nonces, HELLO and its answer, transcript, proof, both session keys, and frames of either direction with their MACs."""
    hello = Hello(PROTOCOL_MAJOR, PROTOCOL_MINOR, Role.CLINICIAN, Role.CLINICIAN, 0x1122334455667788, _CLIENT_NONCE)
    unproved = HelloAnswer(_SESSION, PROTOCOL_MAJOR, PROTOCOL_MINOR, 5, _PUMP_NONCE, bytes(16), "ITP-40", "S-\u00b5 1", "1.0")
    said = transcript(encode(hello), unproved)
    answer = unproved._replace(proof=proof_of(_KEY, said))
    keys = session_keys(_KEY, said, answer.serial)
    return {
        "key": _KEY.hex(),
        "hello": plain_body(hello),
        "hello_frame": encode_frame(Frame(HELLO, 0, 0, encode(hello))).hex(),
        "answer": plain_body(answer),
        "answer_frame": encode_frame(Frame(HELLO, 0, 0, ok(answer), ANSWER)).hex(),
        "transcript": said.hex(),
        "proof": answer.proof.hex(),
        "host_key": keys.host.hex(),
        "pump_key": keys.pump.hex(),
        "new_key": {"key_id": _SLOT, "role": int(_SLOT_ROLE), "key": _NEW_KEY.hex(), "wrapped": _wrapped(keys).hex()},
        "frames": [_signed(name, keys, frame) for name, frame in _frames(keys)],
    }


def _frames(keys: SessionKeys) -> tuple[tuple[str, Frame], ...]:
    interrogate, stop, key = (BY_NAME[name].opcode for name in ("INTERROGATE", "STOP", "KEY"))
    return (
        ("INTERROGATE", Frame(interrogate, _SESSION, 1, encode(Interrogate(0, 0)))),
        ("STOP", Frame(stop, _SESSION, 2, encode(Nothing()))),
        ("STOP answered", Frame(stop, _SESSION, 2, ok(ModeAnswer(Mode.STOPPED)), ANSWER)),
        ("KEY", Frame(key, _SESSION, 3, encode(KeyChange(_SLOT, _SLOT_ROLE, _wrapped(keys))))),
    )


def _wrapped(keys: SessionKeys) -> bytes:
    """The new key as it travels to its slot."""
    return masked(keys, (_SLOT, _SLOT_ROLE), _NEW_KEY)


def _signed(name: str, keys: SessionKeys, frame: Frame) -> dict[str, Any]:
    signed = keys.signed(frame)
    kind = "answer" if frame.flags & ANSWER else "request"
    return {"name": name, "kind": kind, "body": frame.body.hex(), "mac": signed.mac.hex(), "frame": encode_frame(signed).hex()}
