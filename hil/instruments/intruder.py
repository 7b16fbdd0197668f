"""A host without manners: single frames to a pump, signed with whatever key it likes or not at all."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from protocol.answers import Reply, read_answer
from protocol.codec import encode
from protocol.codes import Answer, Role
from protocol.framing import Frame, decode_frame, encode_frame
from protocol.mac import SessionKeys, session_keys, transcript
from protocol.message_table import BY_NAME, HELLO, PROTOCOL_MAJOR, PROTOCOL_MINOR
from protocol.messages import Hello, HelloAnswer, Nothing

__all__ = ["Intruder", "frames_in"]

NONCE = bytes(range(16))
NO_SECRET = bytes(32)
"""What somebody has who has no key."""


class Intruder:
    """Speaks to a pump in single frames that `carry` brings there and back. `keys` are those of its session, if it has one."""

    def __init__(self, carry: Callable[[bytes], bytes], programmer_id: int = 13) -> None:
        self.carry = carry
        self.programmer_id = programmer_id
        self.session = 0
        self.sequence = 0
        self.keys: SessionKeys | None = None
        self.hello_answer: HelloAnswer | None = None

    def hello_frame(self, role: Role = Role.CLINICIAN, key_id: int | None = None, **changes: Any) -> Frame:
        """A HELLO, not sent."""
        said = Hello(PROTOCOL_MAJOR, PROTOCOL_MINOR, role, int(role) if key_id is None else key_id, self.programmer_id, NONCE)
        return Frame(HELLO, 0, 0, encode(said._replace(**changes)))

    def hello(self, secret: bytes | None = NO_SECRET, role: Role = Role.CLINICIAN, key_id: int | None = None, **changes: Any) -> Reply:
        """A HELLO; session keys are made from the secret and what comes back, right or wrong. Without a secret nothing is signed."""
        frame = self.hello_frame(role, key_id, **changes)
        reply = self.send(frame)
        if reply.answer is Answer.OK:
            answer: HelloAnswer = reply.body
            self.hello_answer = answer
            self.session, self.sequence = answer.session, 0
            self.keys = None if secret is None else session_keys(secret, transcript(frame.body, answer), answer.serial)
        return reply

    def frame(self, name: str, body: tuple[Any, ...] = Nothing(), *, signed: bool = True) -> Frame:
        """The next request of its session, not sent."""
        self.sequence += 1
        frame = Frame(BY_NAME[name].opcode, self.session, self.sequence, encode(body))
        return self.keys.signed(frame) if signed and self.keys is not None else frame

    def ask(self, name: str, body: tuple[Any, ...] = Nothing(), *, signed: bool = True) -> Reply:
        """The next request of its session, and its answer."""
        return self.send(self.frame(name, body, signed=signed))

    def stop(self) -> Reply:
        """STOP outside any session."""
        return self.send(Frame(BY_NAME["STOP"].opcode, 0, 0, b""))

    def send(self, frame: Frame) -> Reply:
        """One frame as it is, and what is answered."""
        return self.send_raw(encode_frame(frame), frame.opcode)

    def send_raw(self, data: bytes, opcode: int) -> Reply:
        """Bytes as they are; the one answer is read as that of a request of this opcode."""
        answers = frames_in(self.carry(data))
        assert len(answers) == 1, f"{len(answers)} answers to one frame"
        return read_answer(opcode, answers[0].body)


def frames_in(data: bytes) -> list[Frame]:
    """The frames in a stretch of bytes."""
    found = [decode_frame(run) for run in data.split(b"\0") if run]
    return [frame for frame in found if isinstance(frame, Frame)]
