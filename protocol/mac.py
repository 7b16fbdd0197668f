"""Proofs and MACs of a keyed session, all of them HMAC-SHA-256.

Everything rests on the transcript: the body of the HELLO and the fields of its answer, the proof zeroed. It holds both nonces, both
versions, the session's number and the pump's serial number, so a key of one session is worth nothing in another and on another pump.
"""

from __future__ import annotations

import hmac
import struct
from hashlib import sha256

from protocol.codec import encode
from protocol.framing import ANSWER, HEADER, MAC, MAC_BYTES, Frame
from protocol.messages import HelloAnswer

__all__ = ["PROOF_BYTES", "SessionKeys", "masked", "nonce_of", "proof_of", "same", "session_keys", "transcript"]

PROOF_BYTES = 16
_COUNTS = struct.Struct("<II")
_HASH = "sha256"
_BLOCK_BYTES = 64
_INNER_PAD = bytes(byte ^ 0x36 for byte in range(256))
_OUTER_PAD = bytes(byte ^ 0x5C for byte in range(256))


class _Keyed:
    """HMAC-SHA-256 (RFC 2104) under one key over data that all begin alike. Both hashes are fed beforehand, and each MAC copies them:
    that costs half as much as a copy of `hmac`'s own object.
    """

    __slots__ = ("_inner", "_outer")

    def __init__(self, key: bytes, beginning: bytes) -> None:
        block = (key if len(key) <= _BLOCK_BYTES else sha256(key).digest()).ljust(_BLOCK_BYTES, b"\0")
        self._inner = sha256(block.translate(_INNER_PAD) + beginning)
        self._outer = sha256(block.translate(_OUTER_PAD))

    def mac(self, data: bytes) -> bytes:
        """The first eight bytes."""
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(data)
        outer.update(inner.digest())
        return outer.digest()[:MAC_BYTES]


class SessionKeys:
    """One key for each direction; `host_mac` and `pump_mac` make the eight bytes of a frame whose header and body they are given.

    Every MAC begins with the serial number.
    """

    __slots__ = ("host", "host_mac", "pump", "pump_mac")

    def __init__(self, host: bytes, pump: bytes, serial: str) -> None:
        text = serial.encode()
        beginning = bytes((len(text),)) + text
        self.host = host
        self.pump = pump
        self.host_mac = _Keyed(host, beginning).mac
        self.pump_mac = _Keyed(pump, beginning).mac

    def mac(self, frame: Frame) -> bytes:
        """The eight bytes of a frame, whoever sends it: over serial number, header as sent, and body."""
        header = HEADER.pack(frame.version, frame.flags | MAC, frame.opcode, frame.session, frame.sequence, len(frame.body), 0)
        return (self.pump_mac if frame.flags & ANSWER else self.host_mac)(header + frame.body)

    def admits(self, frame: Frame) -> bool:
        """Whether the frame carries the MAC that it must."""
        return same(frame.mac, self.mac(frame))

    def signed(self, frame: Frame) -> Frame:
        """The frame with its MAC."""
        return frame._replace(mac=self.mac(frame))


def transcript(hello: bytes, answer: HelloAnswer) -> bytes:
    """What both ends have said so far: the HELLO's body and its answer's fields, the proof zeroed."""
    return hello + encode(answer._replace(proof=bytes(PROOF_BYTES)))


def session_keys(key: bytes, said: bytes, serial: str) -> SessionKeys:
    """The keys of the session that this transcript opens."""
    return SessionKeys(_derived(key, b"pumpsim host", said), _derived(key, b"pumpsim pump", said), serial)


def proof_of(key: bytes, said: bytes) -> bytes:
    """The pump's proof that it has the key, over the transcript."""
    return _derived(key, b"pumpsim proof", said)[:PROOF_BYTES]


def nonce_of(key: bytes, boot_count: int, session: int) -> bytes:
    """The pump's part of a new session: never the same twice, for the session's number is stored before use."""
    return _derived(key, b"pumpsim nonce", _COUNTS.pack(boot_count, session))[:PROOF_BYTES]


def masked(keys: SessionKeys | None, place: tuple[int, int], secret: bytes) -> bytes:
    """A new key as it travels to its slot and role (`place`), and back again: hidden by a mask that only this session's ends know.

    Where nothing is proved, and in a pump that has no key yet, the mask hides it from nobody who knows this line.
    """
    mask = _derived(bytes(len(secret)) if keys is None else keys.host, b"pumpsim mask", bytes(place))
    return bytes(one ^ other for one, other in zip(secret, mask, strict=True))


def same(one: bytes, other: bytes) -> bool:
    """Compare secrets in a time that does not tell where they differ."""
    return hmac.compare_digest(one, other)


def _derived(key: bytes, label: bytes, data: bytes) -> bytes:
    return hmac.digest(key, label + data, _HASH)
