"""Proofs and MACs of a keyed session, all of them HMAC-SHA-256.

Everything rests on the transcript: the body of the HELLO and the fields of its answer, the proof zeroed. It holds both nonces, both
versions, the session's number and the pump's serial number, so a key of one session is worth nothing in another and on another pump.
"""

from __future__ import annotations

import hmac
import struct

from protocol.codec import encode
from protocol.framing import ANSWER, HEADER, MAC, MAC_BYTES, Frame
from protocol.messages import HelloAnswer

__all__ = ["PROOF_BYTES", "SessionKeys", "masked", "nonce_of", "proof_of", "same", "session_keys", "transcript"]

PROOF_BYTES = 16
_COUNTS = struct.Struct("<II")
_HASH = "sha256"


class SessionKeys:
    """One key for each direction. Every MAC begins with the serial number, which is fed to both hashes beforehand; a MAC copies one."""

    __slots__ = ("_host", "_pump", "host", "pump")

    def __init__(self, host: bytes, pump: bytes, serial: str) -> None:
        text = serial.encode()
        self.host = host
        self.pump = pump
        self._host = hmac.new(host, bytes((len(text),)) + text, _HASH)
        self._pump = hmac.new(pump, bytes((len(text),)) + text, _HASH)

    def host_mac(self, data: bytes) -> bytes:
        """The eight bytes of a request whose header and body these are."""
        mac = self._host.copy()
        mac.update(data)
        return mac.digest()[:MAC_BYTES]

    def pump_mac(self, data: bytes) -> bytes:
        """The eight bytes of an answer whose header and body these are."""
        mac = self._pump.copy()
        mac.update(data)
        return mac.digest()[:MAC_BYTES]

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
