"""The programmer's end of the wire, sans-IO: it makes requests, knows their answers, and says what to send next.

`request` and `hello` return bytes to send. `receive` returns None while more is due, bytes when something else must go out
first (a new session, then the request again), or the `Answered` that ends the exchange. `resend` is for the owner's reply timer.
A request that meets NOT_AUTHENTICATED, REPLAY or SEQUENCE_GAP is sent again in a new session, once: command ids make that safe,
and requests without an id may be repeated.
"""

from __future__ import annotations

import hashlib
import secrets
from typing import Any, NamedTuple

from protocol.answers import Reply, read_answer
from protocol.codec import encode
from protocol.codes import Answer, Role
from protocol.errors import BadAnswer, NoAnswer, OtherVersion, PortBusy, Refused, Unproved, Unsupported, WireError, answer_error
from protocol.framing import ANSWER, VERSION, Bad, Frame, FrameDecoder, encode_frame
from protocol.keys import Key
from protocol.limits import RETRIES, U32_MAX
from protocol.link import Outstanding, matches
from protocol.mac import PROOF_BYTES, SessionKeys, masked, proof_of, same, session_keys, transcript
from protocol.message_table import CLOSE, EDITION, HELLO, PROTOCOL_MAJOR, PROTOCOL_MINOR, SPECS, Edition, Spec
from protocol.messages import Hello, HelloAnswer, KeyChange, Nothing

__all__ = ["Answered", "ProgrammerRole"]

_PORT_BUSY = "the pump's port is in use by another client; close that one first"
_BUSY_FRAME = encode_frame(Frame(0, 0, 0, bytes((Answer.PORT_BUSY,)), ANSWER))
_NOT_PROVED = (
    "the pump does not prove that it has the key: it is another pump, it has another key, or it is served with security no-auth; "
    "name its key file, or none for a pump that proves nothing"
)
_OUT_OF_SESSION = (Answer.NOT_AUTHENTICATED, Answer.REPLAY, Answer.SEQUENCE_GAP)

_OUT = bytes((Answer.NOT_AUTHENTICATED,))
_SHOWN_BYTES = 24
_NO_END = "bytes without an end"


class Answered(NamedTuple):
    """The end of an exchange. `resent`: more than one copy of the request may have reached the pump."""

    answer: Answer
    body: Any
    resent: bool


class _Asked(NamedTuple):
    """A request as it is, or would be, sent; `body` and `spec` are None for bytes of the owner's own.

    `key` is a new key for the pump. Its bytes are made when they are sent, for each session hides it in its own way.
    """

    opcode: int
    data: bytes
    body: tuple[Any, ...] | None = None
    spec: Spec | None = None
    key: Key | None = None


class ProgrammerRole:
    """One programmer's conversation. `hello_answer` is None and `session` 0 until one is open; `minor` is the version that it speaks.

    With a key the pump has to prove that it has the same one, and every frame after that carries a MAC.
    """

    def __init__(
        self,
        programmer_id: int,
        role: Role,
        *,
        key: Key | None = None,
        retries: int = RETRIES,
        nonce: bytes | None = None,
        edition: Edition = EDITION,
    ) -> None:
        self.programmer_id = programmer_id
        self.role = role
        self.minor = edition.minor
        self._edition = edition
        self._key = key
        self._keys: SessionKeys | None = None
        self._hello = b""
        self._doubted = False
        self.hello_answer: HelloAnswer | None = None
        self.session = 0
        self.sequence = 0
        self._retries = retries
        self._nonce = nonce
        self._decoder = FrameDecoder()
        self._waiting: Outstanding | None = None
        self._asked: _Asked | None = None
        self._behind: _Asked | None = None
        self._resent = False
        self._renewals = 0
        self._heard = b""
        self._stray = _NO_END

    def hello(self) -> bytes:
        """Open a session."""
        self._begin()
        return self._say_hello()

    def request(self, name: str, body: tuple[Any, ...] = Nothing()) -> bytes:
        """Ask something by message name. Raises FieldRange for a value that does not fit, Unsupported for what the pump is too old for."""
        spec = self._edition.by_name[name]
        self._begin()
        return self._ask(_Asked(spec.opcode, encode(body, self.minor), body, spec))

    def raw_request(self, opcode: int, body: bytes) -> bytes:
        """Ask anything at all; for tests of the pump's manners."""
        self._begin()
        return self._ask(_Asked(opcode, body))

    def replace_key(self, key: Key) -> bytes:
        """Ask for a new key to be put into its slot. Raises Unsupported for a pump that is too old for it."""
        spec = self._edition.by_name["KEY"]
        self._begin()
        return self._ask(_Asked(spec.opcode, b"", None, spec, key))

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
            elif item.version != VERSION:
                self._stray = f"a frame of version {item.version}, this programmer speaks {VERSION}"
            elif self._waiting is not None and matches(self._waiting, item) and self._admits(item):
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

    def _ask(self, asked: _Asked) -> bytes:
        if self.session == 0 or self.sequence == U32_MAX:
            self._behind = asked
            return self._say_hello()
        if asked.spec is not None and asked.spec.since > self.minor:
            raise _too_old(asked.spec, self.minor)
        self._asked = asked
        self.sequence += 1
        return self._send(Frame(asked.opcode, self.session, self.sequence, asked.data if asked.key is None else self._masked(asked.key)))

    def _ask_behind(self, asked: _Asked, first: bool) -> bytes:
        """Ask in a session just opened. Raises BadAnswer if that makes other bytes of it: to a pump that had a copy, another command."""
        data = asked.data if asked.body is None else encode(asked.body, self.minor)
        if data != asked.data and not first:
            raise BadAnswer(f"the pump speaks protocol {PROTOCOL_MAJOR}.{self.minor} now and spoke another before; ask again")
        return self._ask(asked._replace(data=data))

    def _say_hello(self) -> bytes:
        self.session = self.sequence = 0
        nonce = self._next_nonce()
        key_id = 0 if self._key is None else self._key.key_id
        self._keys, self._doubted = None, False
        self._hello = encode(Hello(PROTOCOL_MAJOR, self._edition.minor, self.role, key_id, self.programmer_id, nonce))
        return self._send(Frame(HELLO, 0, 0, self._hello))

    def _next_nonce(self) -> bytes:
        """A fresh one. From one that was given follow others in a fixed row, for the same HELLO twice would open no new session."""
        nonce = self._nonce or secrets.token_bytes(PROOF_BYTES)
        if self._nonce is not None:
            self._nonce = hashlib.sha256(self._nonce).digest()[:PROOF_BYTES]
        return nonce

    def _masked(self, key: Key) -> bytes:
        """A new key for the pump, hidden as this session hides it."""
        return encode(KeyChange(key.key_id, key.role, masked(self._keys, (key.key_id, key.role), key.secret)), self.minor)

    def _admits(self, answer: Frame) -> bool:
        """Whether an answer carries the MAC that it must. That a session is not, or no longer, known comes without one."""
        if self._keys is None or answer.body == _OUT:
            return True
        return self._keys.admits(answer)

    def _send(self, frame: Frame) -> bytes:
        raw = encode_frame(frame, None if self._keys is None else self._keys.host_mac)
        self._waiting = Outstanding(frame, raw)
        return raw

    def _answered(self, waiting: Outstanding, frame: Frame) -> bytes | Answered:
        self._waiting = None
        try:
            reply = read_answer(frame.opcode, frame.body, self.minor, self._edition)
        except WireError as error:
            raise BadAnswer(f"{_sent(waiting)}; the answer cannot be read: {error}: {frame.body.hex(' ')}") from None
        if waiting.frame.opcode == HELLO:
            return self._repeated_hello(waiting) if self._is_late(reply) else self._opened(reply)
        if reply.answer in _OUT_OF_SESSION and not (waiting.frame.opcode == CLOSE or self._renewals):
            self._renewals += 1
            self._resent = True
            self._behind = self._asked
            return self._say_hello()
        if waiting.frame.opcode == CLOSE:
            self.session = 0
        return Answered(reply.answer, reply.body, self._resent)

    def _opened(self, reply: Reply) -> bytes | Answered:
        if reply.answer is Answer.OK:
            _same_major(reply.body)
            if not reply.body.session:
                raise BadAnswer("sent HELLO; the session that came back has number 0, and sessions begin with 1")
            self._keys = self._proved(reply.body)
            first, self.hello_answer = self.hello_answer is None, reply.body
            self.session, self.minor = reply.body.session, min(reply.body.minor, self._edition.minor)
            return Answered(reply.answer, reply.body, self._resent) if self._behind is None else self._ask_behind(self._behind, first)
        if self._behind is None:
            return Answered(reply.answer, reply.body, self._resent)
        if reply.answer is Answer.REFUSED:
            raise Refused("HELLO", reply.body)
        raise answer_error("HELLO", reply.answer)

    def _is_late(self, reply: Reply) -> bool:
        """Whether a HELLO's answer may be one to a predecessor's, which the line still held: the first that proves nothing."""
        if reply.answer is not Answer.OK or self._key is None or self._doubted or reply.body.major != PROTOCOL_MAJOR:
            return False
        self._doubted = not same(reply.body.proof, proof_of(self._key.secret, transcript(self._hello, reply.body)))
        return self._doubted

    def _repeated_hello(self, waiting: Outstanding) -> bytes:
        """The same HELLO once more: to the very same one a pump gives its very same answer."""
        self._waiting = waiting
        return waiting.raw

    def _proved(self, answer: HelloAnswer) -> SessionKeys | None:
        """The session's keys, if the pump has shown that it can make them too. Raises Unproved."""
        if self._key is None:
            return None
        said = transcript(self._hello, answer)
        if not same(answer.proof, proof_of(self._key.secret, said)):
            raise Unproved(_NOT_PROVED)
        return session_keys(self._key.secret, said, answer.serial)

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


def _same_major(answer: HelloAnswer) -> None:
    """Go no further with a pump of another major version. Raises OtherVersion."""
    if answer.major != PROTOCOL_MAJOR:
        theirs = f"protocol {answer.major}.{answer.minor}"
        raise OtherVersion(f"the pump speaks {theirs}, this programmer {PROTOCOL_MAJOR}.{PROTOCOL_MINOR}: use one that is made for it")


def _too_old(spec: Spec, minor: int) -> Unsupported:
    came, speaks = f"{PROTOCOL_MAJOR}.{spec.since}", f"{PROTOCOL_MAJOR}.{minor}"
    return Unsupported(f"{spec.name}: not sent, it came with protocol {came} and the pump speaks {speaks}", Answer.UNSUPPORTED)


def _turned_away(frame: Frame) -> bool:
    return frame.body == bytes((Answer.PORT_BUSY,)) and not frame.session


def _sent(waiting: Outstanding) -> str:
    frame = waiting.frame
    spec = SPECS.get(frame.opcode)
    name = spec.name if spec is not None else f"opcode {frame.opcode:#06x}"
    return f"sent {name} ({len(waiting.raw)} bytes, session {frame.session}, sequence {frame.sequence})"
