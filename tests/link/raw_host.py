"""A host that knows no manners: sends the frames it is told to and reads what comes back."""

from __future__ import annotations

import hashlib
from typing import Any

from protocol.answers import Reply, read_answer
from protocol.codec import encode
from protocol.codes import Answer, Role
from protocol.framing import ANSWER, Frame, decode_frame, encode_frame
from protocol.message_table import BY_NAME, HELLO
from protocol.messages import Begin, Hello, Nothing, Put, Seal
from protocol.testing import Pair
from protocol.therapy import Therapy


class RawHost:
    """Speaks to a pair's device role in single frames; keeps session and sequence unless told otherwise."""

    def __init__(self, pair: Pair, programmer_id: int = 1, role: Role = Role.CLINICIAN) -> None:
        self.pair = pair
        self.programmer_id = programmer_id
        self.role = role
        self.session = 0
        self.sequence = 0
        self.last = b""

    def hello(self, nonce: bytes = bytes(16), **changes: Any) -> Reply:
        """Open a session; `changes` go into the HELLO's fields."""
        body = Hello(1, 0, self.role, 0, self.programmer_id, nonce)._replace(**changes)
        reply = self.send(Frame(HELLO, 0, 0, encode(body)))
        if reply.answer is Answer.OK:
            self.session, self.sequence = reply.body.session, 0
        return reply

    def ask(self, name: str, body: tuple[Any, ...] = Nothing()) -> Reply:
        """The next request of the session."""
        return self.ask_raw(BY_NAME[name].opcode, encode(body))

    def ask_raw(self, opcode: int, body: bytes) -> Reply:
        """The next request of the session, in bytes."""
        self.sequence += 1
        return self.send(Frame(opcode, self.session, self.sequence, body))

    def send(self, frame: Frame) -> Reply:
        """One frame, and its answer checked against it."""
        self.last = encode_frame(frame)
        answer = decode_frame(self.again().removesuffix(b"\0"))
        assert isinstance(answer, Frame)
        assert answer[:3] == frame[:3]
        assert answer.flags == ANSWER
        return read_answer(frame.opcode, answer.body)

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
