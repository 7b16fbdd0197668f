"""A programmer that keeps its numbers right while its frames are bent on the way: only so do mutants reach what lies behind them.

It knows nothing but what it hears, so its frames can be recorded as bytes and played again to a pump in the same state.
"""

from __future__ import annotations

from collections.abc import Sequence

from protocol.answers import read_answer
from protocol.codec import decode, encode
from protocol.codes import Answer, Role
from protocol.errors import WireError
from protocol.framing import VERSION, Frame
from protocol.fuzz.draws import Draw
from protocol.keys import Key
from protocol.mac import SessionKeys, session_keys, transcript
from protocol.message_table import CLOSE, HELLO, PROTOCOL_MAJOR, PROTOCOL_MINOR, SPECS
from protocol.messages import Expected, Hello, HelloAnswer, ServiceResetAnswer, Status

__all__ = ["Talker"]

_NOT_TAKEN = (Answer.NOT_AUTHENTICATED, Answer.REPLAY, Answer.SEQUENCE_GAP, Answer.PORT_BUSY)
_USES_UP = (Answer.OK, Answer.BUSY, Answer.REFUSED)


class Talker:
    """One programmer, with the keys of all roles where they are asked for.

    `session` is 0 until one is open, `waits` is set after a BUSY to a HELLO.
    """

    def __init__(self, programmer_id: int, role: Role, keys: Sequence[Key] = ()) -> None:
        self.programmer_id = programmer_id
        self.role = role
        self.waits = False
        self.token = 0
        self._turned_away = 0
        self._keys = {key.key_id: key for key in keys}
        self._session_keys: SessionKeys | None = None
        self.session = 0
        self.sequence = 0
        self.last_command_id = 0
        self.generation = 0

    def hello(self, draw: Draw) -> Frame:
        """Ask for a session, with a nonce of its own."""
        self.session = self.sequence = 0
        self.waits = False
        body = Hello(PROTOCOL_MAJOR, PROTOCOL_MINOR, self.role, self.role if self._keys else 0, self.programmer_id, draw.randbytes(16))
        return Frame(HELLO, 0, 0, encode(body))

    def request(self, opcode: int, body: bytes) -> Frame:
        """A request with the numbers that are due."""
        return Frame(opcode, self.session, self.sequence + 1, body)

    def sign(self, frame: Frame) -> Frame:
        """The frame with the MAC that it needs."""
        return frame if self._session_keys is None or frame.opcode == HELLO else self._session_keys.signed(frame)

    def hear(self, request: Frame, answer: Frame) -> None:
        """Learn from an answer, to whatever request."""
        try:
            reply = read_answer(answer.opcode, answer.body)
        except WireError:
            return
        if answer.opcode == HELLO:
            self._opened(request, reply.answer, reply.body)
        elif answer.session == self.session and request.version == VERSION:
            self._counted(request, reply.answer, reply.body)

    def _opened(self, request: Frame, answer: Answer, body: HelloAnswer) -> None:
        self.waits = answer is Answer.BUSY
        if answer is not Answer.OK:
            return
        hello = decode(Hello, request.body)
        key = self._keys.get(hello.key_id)
        if hello.programmer_id == self.programmer_id:
            self.session, self.sequence = body.session, 0
            said = transcript(request.body, body)
            self._session_keys = None if key is None else session_keys(key.secret, said, body.serial)

    def _counted(self, request: Frame, answer: Answer, body: object) -> None:
        self._turned_away = self._turned_away + 1 if answer is Answer.NOT_AUTHENTICATED else 0
        if self._turned_away > 1 or (answer is Answer.OK and request.opcode == CLOSE):  # once may be a mutant's wrong MAC
            self.session = 0
        elif answer not in _NOT_TAKEN:
            self.sequence = request.sequence
        elif answer is Answer.SEQUENCE_GAP and isinstance(body, Expected):
            self.sequence = body.number - 1
        if isinstance(body, Status):
            self.last_command_id, self.generation = body.last_command_id, body.generation
        if isinstance(body, ServiceResetAnswer):
            self.token = body.token
        spec = SPECS.get(request.opcode)
        if spec is not None and spec.command and answer in _USES_UP and len(request.body) >= 4:
            self.last_command_id = max(self.last_command_id, int.from_bytes(request.body[:4], "little"))
            self.generation += spec.name == "COMMIT" and answer is Answer.OK
