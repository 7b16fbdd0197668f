"""A host without manners at a real pump: frames signed with whatever key it likes, or not at all, and all that it overheard."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hil.unit import Unit
from protocol.answers import Reply, read_answer
from protocol.codec import encode
from protocol.codes import Answer, Role
from protocol.framing import Frame, decode_frame, encode_frame
from protocol.mac import SessionKeys, session_keys, transcript
from protocol.message_table import BY_NAME, HELLO, PROTOCOL_MAJOR, PROTOCOL_MINOR
from protocol.messages import Hello, HelloAnswer, Nothing

__all__ = ["Intruder", "frames_in", "hold", "secret_of"]

NONCE = bytes(range(16))


class Intruder:
    """Speaks to a pump in single frames. `keys` are those of its session, if it has one."""

    def __init__(self, carry: Callable[[bytes], bytes], programmer_id: int = 13) -> None:
        self.carry = carry
        self.programmer_id = programmer_id
        self.session = 0
        self.sequence = 0
        self.keys: SessionKeys | None = None
        self.hello_answer: HelloAnswer | None = None

    def hello(self, secret: bytes | None, role: Role = Role.CLINICIAN, key_id: int | None = None, **changes: Any) -> Reply:
        """A HELLO; with a secret, session keys are made from what comes back, right or wrong."""
        said = Hello(PROTOCOL_MAJOR, PROTOCOL_MINOR, role, role if key_id is None else key_id, self.programmer_id, NONCE)
        body = encode(said._replace(**changes))
        reply = self.send(Frame(HELLO, 0, 0, body))
        if reply.answer is Answer.OK:
            self.hello_answer = reply.body
            self.session, self.sequence = reply.body.session, 0
            self.keys = None if secret is None else session_keys(secret, transcript(body, reply.body), reply.body.serial)
        return reply

    def ask(self, name: str, body: tuple[Any, ...] = Nothing(), *, signed: bool = True) -> Reply:
        """The next request of its session."""
        self.sequence += 1
        frame = Frame(BY_NAME[name].opcode, self.session, self.sequence, encode(body))
        return self.send(self.keys.signed(frame) if signed and self.keys is not None else frame)

    def send(self, frame: Frame) -> Reply:
        """One frame as it is, and what is answered."""
        (answer,) = frames_in(self.carry(encode_frame(frame)))
        assert answer[:3] == frame[:3]
        return read_answer(frame.opcode, answer.body)


def frames_in(data: bytes) -> list[Frame]:
    """The frames in a stretch of bytes."""
    found = [decode_frame(run) for run in data.split(b"\0") if run]
    return [frame for frame in found if isinstance(frame, Frame)]


def secret_of(unit: Unit, role: Role = Role.CLINICIAN) -> bytes:
    """The key in the pump's memory."""
    return next(key.secret for key in unit.keys if key.role is role)


def hold(unit: Unit, *, held: bool = True) -> None:
    """Hold a magnet over the pump, or take it away."""
    unit.act(lambda pump: pump.magnet(held))
