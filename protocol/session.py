"""One programmer's conversation with the pump: who, since when, and the last request answered."""

from __future__ import annotations

from typing import NamedTuple

from protocol.codes import Role
from protocol.fields import U8, U16, U32, U64, Blob
from protocol.limits import SESSION_IDLE_US, SESSION_LIFE_US
from protocol.link import Accepted

__all__ = ["Session", "SessionImage"]

_PARTS_OF: dict[Role, frozenset[int]] = {
    Role.PATIENT: frozenset((2, 3)),
    Role.CLINICIAN: frozenset(range(4)),
    Role.SERVICE: frozenset(range(4)),
}
"""Parts of an interrogation that a role may ask; its interrogation is complete when it has had all of them."""


class SessionImage(NamedTuple):
    """A session as it is saved."""

    number: U32
    role: U8
    programmer_id: U64
    hello: Blob
    hello_answer: Blob
    opened_us: U64
    heard_us: U64
    parts: U8
    sequence: U32
    opcode: U16
    body: Blob
    answer: Blob


class Session:
    """An open session."""

    __slots__ = ("accepted", "heard_us", "hello", "hello_answer", "number", "opened_us", "parts", "programmer_id", "role")

    def __init__(self, number: int, role: Role, programmer_id: int, hello: bytes, now_us: int) -> None:
        self.number = number
        self.role = role
        self.programmer_id = programmer_id
        self.hello = hello
        self.hello_answer = b""
        self.opened_us = now_us
        self.heard_us = now_us
        self.parts: frozenset[int] = frozenset()
        self.accepted = Accepted()

    @property
    def until_us(self) -> int:
        """When it times out if nothing more is heard."""
        return min(self.heard_us + SESSION_IDLE_US, self.opened_us + SESSION_LIFE_US)

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
        who = (self.number, self.role, self.programmer_id, self.hello, self.hello_answer)
        return SessionImage(*who, self.opened_us, self.heard_us, parts, *self.accepted)

    @classmethod
    def restored(cls, image: SessionImage) -> Session:
        """The session that `save` described."""
        session = cls(image.number, Role(image.role), image.programmer_id, image.hello, image.opened_us)
        session.hello_answer = image.hello_answer
        session.heard_us = image.heard_us
        session.parts = frozenset(part for part in range(8) if image.parts >> part & 1)
        session.accepted = Accepted(image.sequence, image.opcode, image.body, image.answer)
        return session
