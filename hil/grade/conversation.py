"""A line seen from the host's end as exchanges: a request, its copies, the answer that came back.

Sans-IO: runs of bytes go in with their time, events come out. What a host knows is what has passed its own end of the line, so a request
whose answer was lost on the way is one without an answer here. Bytes that are no frame are passed over.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, NamedTuple

from hil.parity.reading import Reading, read_run
from protocol.capture.runs import HOST
from protocol.codes import Answer
from protocol.message_table import CLOSE, HELLO, SPECS, Spec
from protocol.messages import Hello, HelloAnswer

__all__ = ["Conversation", "Event", "Exchange", "Happened", "Seen", "Talk", "Who", "no_frame"]

OUT_OF_STEP = frozenset((Answer.NOT_AUTHENTICATED, Answer.REPLAY, Answer.SEQUENCE_GAP))
"""Answers after which a host may leave a session without CLOSE: the two ends no longer agree on it."""
WAITING_MAX = 64
"""Requests without an answer that are still looked out for: no client waits for so many at once."""
TALKS_MAX = 4_096
"""Sessions remembered; the oldest is forgotten first."""

Who = tuple[str, int]
"""Who speaks: ("programmer", its id), or ("session", number) where the record begins after the HELLO."""


def no_frame(raw: bytes) -> bool:
    """Whether these bytes are none of the wire's; a delimiter alone is no harm."""
    return bool(raw.strip(b"\0")) and read_run(raw).frame is None


class Seen(NamedTuple):
    """One run of bytes. `number` counts from 1 through the record, or is the packet's in its capture."""

    number: int
    at_us: int
    sender: str
    raw: bytes
    reading: Reading


@dataclass(slots=True, eq=False)
class Talk:
    """One session. `hello` is None where the record begins after it; `lost` once the two ends no longer agreed on it."""

    number: int
    who: Who
    hello: Exchange | None = None
    used: bool = False
    closed: Exchange | None = None
    """Its first CLOSE."""
    lost: bool = False
    last: Exchange | None = None

    @property
    def answer(self) -> HelloAnswer | None:
        """What the pump said to its HELLO."""
        body = None if self.hello is None else self.hello.answer_body
        return body if isinstance(body, HelloAnswer) else None

    @property
    def role(self) -> int | None:
        """Who its host says to be; None where that was not heard."""
        body = None if self.hello is None else self.hello.body
        return body.role if isinstance(body, Hello) else None


@dataclass(slots=True, eq=False)
class Exchange:
    """A request and what became of it. `rival` is an earlier request of the session with this sequence number, or a higher one."""

    request: Seen
    talk: Talk | None
    again: list[Seen] = field(default_factory=list)
    answer: Seen | None = None
    rival: Exchange | None = None

    @property
    def name(self) -> str:
        """The message's."""
        return self.request.reading.name

    @property
    def spec(self) -> Spec | None:
        """Its row in the message table, None for an opcode that is not there."""
        frame = self.request.reading.frame
        return None if frame is None else SPECS.get(frame.opcode)

    @property
    def body(self) -> Any:
        """The request's, None where it cannot be read."""
        return self.request.reading.body

    @property
    def content(self) -> bytes:
        """The request's body as bytes."""
        frame = self.request.reading.frame
        return b"" if frame is None else frame.body

    @property
    def who(self) -> Who | None:
        """Whose request it is."""
        if isinstance(self.body, Hello):
            return "programmer", self.body.programmer_id
        return None if self.talk is None else self.talk.who

    @property
    def command_id(self) -> int | None:
        """The id of a command that has one."""
        return int(self.body[0]) if self.spec is not None and self.spec.command and self.body else None

    @property
    def told(self) -> Answer | None:
        """The answer's first byte; None while there is none."""
        return None if self.answer is None else self.answer.reading.answer

    @property
    def answer_body(self) -> Any:
        """What stands behind it."""
        return None if self.answer is None else self.answer.reading.body

    @property
    def sure(self) -> bool:
        """Whether the host knows what became of it: only one copy left, or the answer is about them all."""
        return self.told is not None and (self.told is not Answer.NOT_AUTHENTICATED or not self.again)


class Happened(Enum):
    """What an event is."""

    ASKED = "asked"
    REPEATED = "repeated"
    ANSWERED = "answered"


class Event(NamedTuple):
    """Something that the host did or heard."""

    what: Happened
    exchange: Exchange
    seen: Seen


class Conversation:
    """One pump's line. `talks` are the sessions by number."""

    def __init__(self) -> None:
        self.talks: dict[int, Talk] = {}
        self._waiting: dict[tuple[int, int, int], Exchange] = {}
        self._last: Exchange | None = None

    def take(self, number: int, at_us: int, sender: str, raw: bytes) -> Iterator[Event]:
        """A run has passed; yields what that means, nothing for what is no frame or no answer to anything."""
        reading = read_run(raw)
        if reading.frame is None:
            return
        seen = Seen(number, at_us, sender, raw, reading)
        if sender == HOST and not reading.is_answer:
            yield self._from_host(seen)
        elif sender != HOST and reading.is_answer:
            yield from self._from_pump(seen)

    def _from_host(self, seen: Seen) -> Event:
        talk, last = self._talk_of(seen), self._last
        for known in (last, None if talk is None else talk.last):
            if known is not None and known.request.raw == seen.raw:
                known.again.append(seen)
                return Event(Happened.REPEATED, known, seen)
        exchange = self._last = Exchange(seen, talk)
        if talk is not None:
            if talk.last is not None and _sequence(talk.last.request) >= _sequence(seen):
                exchange.rival = talk.last
            else:
                talk.last = exchange
            if talk.closed is None and exchange.name == "CLOSE":
                talk.closed = exchange
        self._wait_for(_key(seen), exchange)
        return Event(Happened.ASKED, exchange, seen)

    def _talk_of(self, seen: Seen) -> Talk | None:
        """The session of a request; one that was not heard beginning is taken as it is."""
        frame = seen.reading.frame
        if frame is None or not frame.session or frame.opcode == HELLO:
            return None
        if frame.session not in self.talks:
            self._remember(Talk(frame.session, ("session", frame.session)))
        return self.talks[frame.session]

    def _from_pump(self, seen: Seen) -> Iterator[Event]:
        exchange = self._waiting.pop(_key(seen), None)
        if exchange is None:
            return
        exchange.answer = seen
        talk = exchange.talk
        body = seen.reading.body
        if isinstance(body, HelloAnswer) and exchange.who is not None:
            self._remember(Talk(body.session, exchange.who, exchange))
        if talk is not None and seen.reading.answer in OUT_OF_STEP:
            talk.lost = True
        elif talk is not None and seen.reading.frame is not None and seen.reading.frame.opcode != CLOSE:
            talk.used = True
        yield Event(Happened.ANSWERED, exchange, seen)

    def _wait_for(self, key: tuple[int, int, int], exchange: Exchange) -> None:
        self._waiting.pop(key, None)
        self._waiting[key] = exchange
        if len(self._waiting) > WAITING_MAX:
            del self._waiting[next(iter(self._waiting))]

    def _remember(self, talk: Talk) -> None:
        self.talks[talk.number] = talk
        if len(self.talks) > TALKS_MAX:
            del self.talks[next(iter(self.talks))]


def _key(seen: Seen) -> tuple[int, int, int]:
    """What an answer repeats of its request."""
    frame = seen.reading.frame
    return (0, 0, 0) if frame is None else (frame.opcode, frame.session, frame.sequence)


def _sequence(seen: Seen) -> int:
    return 0 if seen.reading.frame is None else seen.reading.frame.sequence
