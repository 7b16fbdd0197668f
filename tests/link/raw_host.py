"""A host that knows no manners: sends the frames it is told to and reads what comes back."""

from __future__ import annotations

import hashlib
from typing import Any

from protocol.answers import Reply, read_answer
from protocol.codec import encode
from protocol.codes import Answer, Role
from protocol.framing import ANSWER, Frame, decode_frame, encode_frame
from protocol.keys import Key
from protocol.mac import SessionKeys, session_keys, transcript
from protocol.message_table import BY_NAME, HELLO, PROTOCOL_MAJOR, PROTOCOL_MINOR
from protocol.messages import Begin, Hello, Nothing, Put, Seal
from protocol.testing import TEST_KEYS, Pair
from protocol.therapy import Therapy


class RawHost:
    """Speaks to a pair's device role in single frames; keeps session and sequence unless told otherwise.

    Where the pair insists on it, it has its role's test key and signs what it sends inside its session.
    """

    def __init__(self, pair: Pair, programmer_id: int = 1, role: Role = Role.CLINICIAN) -> None:
        self.pair = pair
        self.programmer_id = programmer_id
        self.role = role
        self.session = 0
        self.sequence = 0
        self.last = b""
        self.keys: SessionKeys | None = None

    def hello(self, nonce: bytes = bytes(16), **changes: Any) -> Reply:
        """Open a session; `changes` go into the HELLO's fields."""
        key_id = self._key.key_id if self.pair.role.security.authenticates else 0
        body = encode(Hello(PROTOCOL_MAJOR, PROTOCOL_MINOR, self.role, key_id, self.programmer_id, nonce)._replace(**changes))
        reply = self.send(Frame(HELLO, 0, 0, body))
        if reply.answer is Answer.OK:
            self.session, self.sequence = reply.body.session, 0
            self.keys = session_keys(self._key.secret, transcript(body, reply.body), reply.body.serial) if key_id else None
        return reply

    @property
    def _key(self) -> Key:
        """The test key that this role has to have; a provisioner's is the service's."""
        role = Role.SERVICE if self.role is Role.PROVISIONER else self.role
        return next(key for key in TEST_KEYS if key.role is role)

    def ask(self, name: str, body: tuple[Any, ...] = Nothing()) -> Reply:
        """The next request of the session."""
        return self.ask_raw(BY_NAME[name].opcode, encode(body))

    def ask_raw(self, opcode: int, body: bytes) -> Reply:
        """The next request of the session, in bytes."""
        self.sequence += 1
        return self.send(Frame(opcode, self.session, self.sequence, body))

    def send(self, frame: Frame) -> Reply:
        """One frame, and its answer checked against it."""
        self.last = self.sealed(frame)
        answer = decode_frame(self.again().removesuffix(b"\0"))
        assert isinstance(answer, Frame)
        assert answer[:3] == frame[:3]
        assert answer.flags == ANSWER
        return read_answer(frame.opcode, answer.body)

    def sealed(self, frame: Frame) -> bytes:
        """A frame's bytes; one of this session is signed, unless it has a MAC already."""
        ours = self.keys is not None and frame.opcode != HELLO and frame.session == self.session and not frame.mac
        return encode_frame(self.keys.signed(frame) if self.keys is not None and ours else frame)

    def again(self) -> bytes:
        """The last frame once more, byte for byte; returns what comes back."""
        return self.pair.link.carry(self.last)

    def stage(self, therapy: Therapy, generation: int = 0) -> bytes:
        """BEGIN, PUT and SEAL a therapy; returns its digest."""
        image = encode(therapy)
        digest = hashlib.sha256(image).digest()
        bodies = {"BEGIN": Begin(generation, 0), "PUT": Put(0, image), "SEAL": Seal(len(image), digest)}
        for name, body in bodies.items():
            assert self.ask(name, body).answer is Answer.OK
        return digest
