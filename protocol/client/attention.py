"""When a programmer must call for the person at it, sans-IO: times in, calls out.

Programming that was begun and then let be is called for after five minutes without an act, once for each such pause; a question that
waits for its answer is asked again every fifteen minutes. Who owns an `Attention` tells it what happens and when, asks for
`next_deadline`, and passes on what `due` returns; a call that was slept through comes once, late, and not as often as it was missed.
An `Attendant` is such an owner for a client: it hears what goes over the wire and calls a listener.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import NamedTuple

from protocol.codes import Answer
from protocol.framing import Frame, decode_frame
from protocol.message_table import BY_NAME

__all__ = ["IDLE_US", "REPEAT_US", "Attendant", "Attention", "Call", "OnAttention", "Why"]

IDLE_US = 300 * 1_000_000
"""Five minutes: half of what the pump waits before it drops a staged update."""
REPEAT_US = 900 * 1_000_000
"""A quarter of an hour between two calls for the same answer."""

_BEGIN, _COMMIT, _ABORT = (BY_NAME[name].opcode for name in ("BEGIN", "COMMIT", "ABORT"))
_NO_ACTS = frozenset(BY_NAME[name].opcode for name in ("HELLO", "CLOSE", "STATUS", "INTERROGATE", "LOG", "FAULT_LOG", "OUTCOME"))
"""A programmer may ask these by itself; they do not show that somebody is there."""


class Why(StrEnum):
    """Why a person is called."""

    IDLE = "idle"
    PENDING = "pending"


class Call(NamedTuple):
    """One call: what waits, and since when; `at_us` is when the call was due."""

    why: Why
    what: str
    since_us: int
    at_us: int

    @property
    def waited_us(self) -> int:
        """How long it had waited when the call was due."""
        return self.at_us - self.since_us


OnAttention = Callable[[Call], None]


class _Waiting(NamedTuple):
    """What waits, since when, and when to call next (None: not again before something happens)."""

    what: str
    since_us: int
    due_us: int | None


class Attention:
    """What waits for a person: programming that was begun, and a question. Times are of one clock, microseconds, never going back."""

    def __init__(self) -> None:
        self._programming: _Waiting | None = None
        self._question: _Waiting | None = None

    @property
    def question(self) -> str:
        """What was asked and is not answered; empty when nothing is."""
        return "" if self._question is None else self._question.what

    def begin(self, what: str, now_us: int) -> None:
        """Programming has begun, or begun afresh."""
        self._programming = _Waiting(what, now_us, now_us + IDLE_US)

    def act(self, now_us: int) -> None:
        """The person did something: five minutes count anew."""
        if self._programming is not None:
            self.begin(self._programming.what, now_us)

    def end(self) -> None:
        """Programming has come to its end, whichever."""
        self._programming = None

    def ask(self, question: str, now_us: int) -> None:
        """An answer is required. The same question again is the one that waits already."""
        if self.question != question:
            self._question = _Waiting(question, now_us, now_us + REPEAT_US)

    def answer(self, now_us: int) -> None:
        """The question was answered, which is an act."""
        self._question = None
        self.act(now_us)

    def next_deadline(self) -> int | None:
        """When `due` has something to tell; None for never."""
        dues = [waiting.due_us for waiting in (self._programming, self._question) if waiting is not None and waiting.due_us is not None]
        return min(dues, default=None)

    def due(self, now_us: int) -> list[Call]:
        """The calls due by now, each told once."""
        calls: list[Call] = []
        idle, pending = self._programming, self._question
        if idle is not None and idle.due_us is not None and idle.due_us <= now_us:
            calls.append(Call(Why.IDLE, idle.what, idle.since_us, idle.due_us))
            self._programming = idle._replace(due_us=None)
        if pending is not None and pending.due_us is not None and pending.due_us <= now_us:
            late = (now_us - pending.due_us) // REPEAT_US * REPEAT_US
            calls.append(Call(Why.PENDING, pending.what, pending.since_us, pending.due_us + late))
            self._question = pending._replace(due_us=pending.due_us + late + REPEAT_US)
        return sorted(calls, key=lambda call: call.at_us)


class Attendant:
    """Calls `on_attention` for a client, by the clock that `now_us` tells.

    From BEGIN's OK to that of COMMIT or ABORT the client is programming. A blocking client has no time of its own: what is due comes
    out when `look` is called, and at the latest with the next frame.
    """

    def __init__(self, now_us: Callable[[], int], on_attention: OnAttention) -> None:
        self._attention = Attention()
        self._now_us = now_us
        self._on_attention = on_attention

    def look(self) -> int | None:
        """Make the calls that are due; returns the microseconds until the next, None for none."""
        now_us = self._now_us()
        for call in self._attention.due(now_us):
            self._on_attention(call)
        deadline = self._attention.next_deadline()
        return None if deadline is None else max(0, deadline - now_us)

    @contextmanager
    def asking(self, question: str) -> Iterator[None]:
        """A question waits for its answer as long as this context is open."""
        self._attention.ask(question, self._now_us())
        try:
            yield
        finally:
            self.look()
            self._attention.answer(self._now_us())

    def hear(self, direction: str, run: bytes) -> None:
        """Take a run of bytes as `protocol.client.line.OnFrame` does."""
        self.look()
        frame = decode_frame(run.removesuffix(b"\0"))
        if not isinstance(frame, Frame) or frame.opcode in _NO_ACTS:
            return
        now_us = self._now_us()
        if direction == "host" or frame.body[:1] != bytes((Answer.OK,)):
            self._attention.act(now_us)
        elif frame.opcode == _BEGIN:
            self._attention.begin("update", now_us)
        elif frame.opcode in (_COMMIT, _ABORT):
            self._attention.end()

    def before(self, on_frame: Callable[[str, bytes], None] | None) -> Callable[[str, bytes], None]:
        """A listener that hears each run and passes it on to another."""
        if on_frame is None:
            return self.hear

        def both(direction: str, run: bytes) -> None:
            self.hear(direction, run)
            on_frame(direction, run)

        return both
