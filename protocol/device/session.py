"""One programmer's conversation with the pump: who, since when, and the last request answered."""

from __future__ import annotations

from typing import NamedTuple

from protocol.codec import decode
from protocol.codes import Role
from protocol.fields import U8, U16, U32, U64, Blob
from protocol.framing import Frame
from protocol.limits import SESSION_IDLE_US, SESSION_LIFE_US
from protocol.link import Accepted
from protocol.mac import SessionKeys
from protocol.messages import Hello, HelloAnswer

__all__ = ["Session", "SessionImage"]

_PARTS_OF: dict[Role, frozenset[int]] = {
    Role.PATIENT: frozenset((2, 3)),
    Role.CLINICIAN: frozenset(range(4)),
    Role.SERVICE: frozenset(range(4)),
    Role.PROVISIONER: frozenset(),
}
"""Parts of an interrogation that a role may ask; its interrogation is complete when it has had all of them."""


class SessionImage(NamedTuple):
    """A session as it is saved, keys included: those in memory may be others by now. Both are empty where nothing is proved."""

    number: U32
    hello: Blob
    hello_answer: Blob
    opened_us: U64
    heard_us: U64
    parts: U8
    sequence: U32
    opcode: U16
    body: Blob
    answer: Blob
    host_key: Blob
    pump_key: Blob
    token: U64
    token_until_us: U64
    slots_set: U8


class Session:
    """A session: open, or waiting for its first proof. `keys` is None where nothing is proved; `minor` is the version that it speaks."""

    __slots__ = (
        "accepted",
        "heard_us",
        "hello",
        "hello_answer",
        "key_id",
        "keys",
        "minor",
        "number",
        "opened_us",
        "parts",
        "programmer_id",
        "role",
        "slots_set",
        "token",
    )

    def __init__(self, number: int, hello: Hello, body: bytes, now_us: int, minor: int) -> None:
        """`minor` is the newest minor version that this pump speaks."""
        self.number = number
        self.minor = min(hello.minor, minor)
        self.role = Role(hello.role)
        self.programmer_id = hello.programmer_id
        self.key_id = hello.key_id
        self.keys: SessionKeys | None = None
        self.hello = body
        self.hello_answer = b""
        self.opened_us = now_us
        self.heard_us = now_us
        self.parts: frozenset[int] = frozenset()
        self.accepted = Accepted()
        self.slots_set: frozenset[int] = frozenset()
        self.token = (0, 0)
        """What confirms a service reset, and the device time until which it does; 0 for none."""

    @property
    def until_us(self) -> int:
        """When it times out if nothing more is heard."""
        return min(self.heard_us + SESSION_IDLE_US, self.opened_us + SESSION_LIFE_US)

    def admits(self, frame: Frame) -> bool:
        """Whether a request carries what it must: the right MAC, or none where nothing is proved."""
        return not frame.mac if self.keys is None else self.keys.admits(frame)

    def may_ask(self, part: int) -> bool:
        """Whether this role may have that part of an interrogation."""
        return part in _PARTS_OF[self.role]

    def complete(self, part: int) -> bool:
        """Count a part as answered; True when it was the last one missing, and then counting begins anew."""
        self.parts |= {part}
        if self.parts != _PARTS_OF[self.role]:
            return False
        self.parts = frozenset()
        return True

    def save(self) -> SessionImage:
        parts = sum(1 << part for part in self.parts)
        said = (self.number, self.hello, self.hello_answer)
        keys = (b"", b"") if self.keys is None else (self.keys.host, self.keys.pump)
        slots = sum(1 << slot for slot in self.slots_set)
        return SessionImage._make((*said, self.opened_us, self.heard_us, parts, *self.accepted, *keys, *self.token, slots))

    @classmethod
    def restored(cls, image: SessionImage) -> Session:
        """The session that `save` described. Raises WireError, ValueError."""
        answer = decode(HelloAnswer, image.hello_answer[1:])
        session = cls(image.number, decode(Hello, image.hello), image.hello, image.opened_us, answer.minor)
        session.hello_answer = image.hello_answer
        session.heard_us = image.heard_us
        session.parts = frozenset(part for part in range(8) if image.parts >> part & 1)
        session.accepted = Accepted(image.sequence, image.opcode, image.body, image.answer)
        session.keys = SessionKeys(image.host_key, image.pump_key, answer.serial) if image.host_key else None
        session.token = image.token, image.token_until_us
        session.slots_set = frozenset(slot for slot in range(8) if image.slots_set >> slot & 1)
        return session
