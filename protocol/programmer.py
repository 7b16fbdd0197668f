"""The programmer's end of the wire, sans-IO: it makes requests, knows their answers, and says what to send next.

`request` and `hello` return bytes to send. `receive` returns None while more is due, bytes when something else must go out
first (a new session, then the request again), or the `Answered` that ends the exchange. `resend` is for the owner's reply timer.
A request that meets NOT_AUTHENTICATED, REPLAY or SEQUENCE_GAP is sent again in a new session, once: command ids make that safe,
and requests without an id may be repeated.
"""

from __future__ import annotations

import secrets
from typing import Any, NamedTuple

from protocol.answers import Reply, read_answer
from protocol.codec import encode
from protocol.codes import Answer, Role
from protocol.errors import BadAnswer, NoAnswer, PortBusy, Refused, WireError, answer_error
from protocol.framing import ANSWER, Bad, Frame, FrameDecoder, encode_frame
from protocol.limits import RETRIES, U32_MAX
from protocol.link import Outstanding, matches
from protocol.message_table import BY_NAME, CLOSE, HELLO, PROTOCOL_MAJOR, PROTOCOL_MINOR, SPECS
from protocol.messages import Hello, HelloAnswer, Nothing

__all__ = ["Answered", "ProgrammerRole"]

_PORT_BUSY = "the pump's port is in use by another client; close that one first"
_BUSY_FRAME = encode_frame(Frame(0, 0, 0, bytes((Answer.PORT_BUSY,)), ANSWER))
_OUT_OF_SESSION = (Answer.NOT_AUTHENTICATED, Answer.REPLAY, Answer.SEQUENCE_GAP)

_SHOWN_BYTES = 24
_NO_END = "bytes without an end"


class Answered(NamedTuple):
    """The end of an exchange. `resent`: more than one copy of the request may have reached the pump."""

    answer: Answer
    body: Any
    resent: bool


class ProgrammerRole:
    """One programmer's conversation. `hello_answer` is None and `session` 0 until one is open."""

    def __init__(self, programmer_id: int, role: Role, *, retries: int = RETRIES, nonce: bytes | None = None) -> None:
        self.programmer_id = programmer_id
        self.role = role
        self.hello_answer: HelloAnswer | None = None
        self.session = 0
        self.sequence = 0
        self._retries = retries
        self._nonce = nonce
        self._decoder = FrameDecoder()
        self._waiting: Outstanding | None = None
        self._behind: tuple[int, bytes] | None = None
        self._resent = False
        self._renewals = 0
        self._heard = b""
        self._stray = _NO_END

    def hello(self) -> bytes:
        """Open a session."""
        self._begin()
        return self._say_hello()

    def request(self, name: str, body: tuple[Any, ...] = Nothing()) -> bytes:
        """Ask something by message name. Raises FieldRange for a value that does not fit."""
        return self.raw_request(BY_NAME[name].opcode, encode(body))

    def raw_request(self, opcode: int, body: bytes) -> bytes:
        """Ask anything at all; for tests of the pump's manners."""
        self._begin()
        return self._ask(opcode, body)

    def resend(self) -> bytes:
        """The same bytes again, when the reply timer ran out. Raises NoAnswer or BadAnswer when that was tried enough."""
        waiting = self._outstanding()
        if waiting.resends >= self._retries:
            self._waiting = None
            raise self._silence(waiting)
        self._resent = True
        self._waiting = waiting._replace(resends=waiting.resends + 1)
        return waiting.raw

    def receive(self, data: bytes) -> bytes | Answered | None:
        """Take bytes from the pump. Raises PortBusy, or BadAnswer for a frame whose content cannot be read."""
        step: bytes | Answered | None = None
        for item in self._decoder.feed(data):
            if isinstance(item, Bad):
                self._stray = f"{item.size} bytes that are no frame ({item.reason.value})"
            elif _turned_away(item):
                raise PortBusy(_PORT_BUSY)
            elif self._waiting is not None and matches(self._waiting, item):
                step = self._answered(self._waiting, item)
            else:
                self._stray = "an answer to something else"
        if step is None:
            self._heard = data
        return step

    def overhear(self, data: bytes) -> None:
        """Take bytes from before the first request, which answer nothing. Raises PortBusy if they turn us away.

        Only what may be the beginning of being turned away is kept; half an old answer would spoil the first new one.
        """
        decoder = FrameDecoder()
        if any(isinstance(item, Frame) and _turned_away(item) for item in decoder.feed(data)):
            raise PortBusy(_PORT_BUSY)
        rest, _ = decoder.state
        if rest and _BUSY_FRAME.startswith(rest):
            self._decoder = decoder

    def _begin(self) -> None:
        self._resent, self._renewals, self._behind = False, 0, None
        self._heard, self._stray = b"", _NO_END

    def _ask(self, opcode: int, body: bytes) -> bytes:
        if self.session == 0 or self.sequence == U32_MAX:
            self._behind = (opcode, body)
            return self._say_hello()
        self.sequence += 1
        return self._send(Frame(opcode, self.session, self.sequence, body))

    def _say_hello(self) -> bytes:
        self.session = self.sequence = 0
        nonce = self._nonce or secrets.token_bytes(16)
        body = encode(Hello(PROTOCOL_MAJOR, PROTOCOL_MINOR, self.role, 0, self.programmer_id, nonce))
        return self._send(Frame(HELLO, 0, 0, body))

    def _send(self, frame: Frame) -> bytes:
        raw = encode_frame(frame)
        self._waiting = Outstanding(frame, raw)
        return raw

    def _answered(self, waiting: Outstanding, frame: Frame) -> bytes | Answered:
        self._waiting = None
        try:
            reply = read_answer(frame.opcode, frame.body)
        except WireError as error:
            raise BadAnswer(f"{_sent(waiting)}; the answer cannot be read: {error}: {frame.body.hex(' ')}") from None
        if waiting.frame.opcode == HELLO:
            return self._opened(reply)
        if reply.answer in _OUT_OF_SESSION and not (waiting.frame.opcode == CLOSE or self._renewals):
            self._renewals += 1
            self._resent = True
            self._behind = (waiting.frame.opcode, waiting.frame.body)
            return self._say_hello()
        if waiting.frame.opcode == CLOSE:
            self.session = 0
        return Answered(reply.answer, reply.body, self._resent)

    def _opened(self, reply: Reply) -> bytes | Answered:
        if reply.answer is Answer.OK:
            self.hello_answer = reply.body
            self.session = reply.body.session
            return Answered(reply.answer, reply.body, self._resent) if self._behind is None else self._ask(*self._behind)
        if self._behind is None:
            return Answered(reply.answer, reply.body, self._resent)
        if reply.answer is Answer.REFUSED:
            raise Refused("HELLO", reply.body)
        raise answer_error("HELLO", reply.answer)

    def _outstanding(self) -> Outstanding:
        if self._waiting is None:
            raise AssertionError("nothing was asked")
        return self._waiting

    def _silence(self, waiting: Outstanding) -> NoAnswer | BadAnswer:
        times = f"{waiting.resends + 1} times"
        if self._heard:
            shown = self._heard[:_SHOWN_BYTES].hex(" ") + (" ..." if len(self._heard) > _SHOWN_BYTES else "")
            return BadAnswer(f"{_sent(waiting)} {times}; last came back {self._stray}: {shown}; check the port and its settings")
        return NoAnswer(f"{_sent(waiting)} {times}; nothing came back: check that the pump is there and powered")


def _turned_away(frame: Frame) -> bool:
    return frame.body == bytes((Answer.PORT_BUSY,)) and not frame.session


def _sent(waiting: Outstanding) -> str:
    frame = waiting.frame
    spec = SPECS.get(frame.opcode)
    name = spec.name if spec is not None else f"opcode {frame.opcode:#06x}"
    return f"sent {name} ({len(waiting.raw)} bytes, session {frame.session}, sequence {frame.sequence})"
