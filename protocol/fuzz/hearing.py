"""What a pump must have heard and may have answered, by a bookkeeping of its own: the law that answers of a pump are judged by.

It reads the bytes of both directions and nothing else. Frames are found by the codec; sessions, sequence numbers, roles and repeats are
followed by the rules of docs/reference/wire-protocol.md.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from protocol.answers import read_answer
from protocol.codec import decode
from protocol.codes import Answer, Role
from protocol.errors import WireError
from protocol.framing import ANSWER, VERSION, Frame, FrameDecoder
from protocol.keys import Key
from protocol.mac import SessionKeys, proof_of, session_keys, transcript
from protocol.message_table import BY_NAME, CLOSE, HELLO, SPECS, Spec
from protocol.messages import Hello, HelloAnswer

__all__ = ["Breach", "Hearing", "Pair"]

_OUT_OF_ORDER = (Answer.REPLAY, Answer.SEQUENCE_GAP)
_RESET = BY_NAME["SERVICE_RESET"].opcode
_CHANGES = (
    *("BEGIN", "COMMIT", "ABORT", "START", "STOP", "REFILL", "SET_CLOCK", "BOLUS", "PATIENT_BOLUS", "PRIME", "BRIDGE"),
    *("SILENCE", "ACK", "ALARM_TEST", "KEY"),
)


class Breach(Exception):
    """A law was broken: which, and what was seen."""

    def __init__(self, law: str, said: str) -> None:
        super().__init__(f"{law}: {said}")
        self.law = law
        self.said = said


class Pair(NamedTuple):
    """A request and the answer that it got. `again`: nothing was done for it, the answer was kept from before."""

    request: Frame
    answer: Frame
    code: Answer
    again: bool

    @property
    def changing(self) -> bool:
        """Whether it was granted and may have changed what the pump does."""
        spec = SPECS.get(self.request.opcode)
        if self.code is not Answer.OK or self.again or spec is None:
            return False
        return self.resets or spec.name in _CHANGES

    @property
    def resets(self) -> bool:
        """Whether it was a service reset; without a token it only asks for one."""
        return self.code is Answer.OK and not self.again and self.request.opcode == _RESET and any(self.request.body)


class _Conversation:
    """One session as both ends should see it."""

    def __init__(self, role: int, keys: SessionKeys | None) -> None:
        self.role = role
        self.keys = keys
        self.sequence = 0
        self.request: tuple[int, bytes] = (0, b"")
        self.answer = b""


class Hearing:
    """One pump's line. `exact`: every request must be answered, for nothing takes the pump's power away. Command ids up to `last_id` are
    used. `keys` are those of the pump; without any nothing is proved.
    """

    def __init__(self, exact: bool, last_id: int, keys: Sequence[Key] = ()) -> None:
        self.exact = exact
        self.granted: Counter[tuple[int, int]] = Counter()
        """Opcode and command id of what was answered OK and belongs in the pump's log, since `settle`."""
        self._decoder = FrameDecoder()
        self._sessions: dict[int, _Conversation] = {}
        self._keys = {key.key_id: key for key in keys}
        self._newest = 0
        self._ids = set(range(1, last_id + 1))

    def pause(self) -> None:
        """The line was silent for so long that half a frame is given up."""
        self._decoder.break_off()

    @property
    def pending(self) -> bool:
        """Half a frame is waiting for its end."""
        return self._decoder.pending

    def judge(self, data: bytes, said: bytes) -> list[Pair]:
        """What these bytes and what came back mean. Raises Breach."""
        heard = [item for item in self._decoder.feed(data) if isinstance(item, Frame) and item.flags != ANSWER]
        answers = self._answers(said)
        if len(answers) > len(heard) or (self.exact and len(answers) < len(heard)):
            raise Breach("one answer to each request", f"{len(heard)} requests, {len(answers)} answers")
        return [self._pair(request, answer) for request, answer in self._joined(heard, answers)]

    def _answers(self, said: bytes) -> list[Frame]:
        items = FrameDecoder().feed(said)
        if said and said[-1]:
            raise Breach("answers are whole frames", f"the last byte is {said[-1]:#04x}")
        for item in items:
            if not isinstance(item, Frame) or item.flags != ANSWER:
                raise Breach("answers decode", f"{item}")
        return [item for item in items if isinstance(item, Frame)]

    def _joined(self, heard: list[Frame], answers: list[Frame]) -> list[tuple[Frame, Frame]]:
        """Each answer with its request; where power may go, requests may be missing one."""
        pairs, at = [], 0
        for answer in answers:
            while at < len(heard) and heard[at][:3] != answer[:3]:
                if self.exact:
                    raise Breach("an answer repeats its request's numbers", f"{heard[at]} was answered by {answer}")
                at += 1
            if at == len(heard):
                raise Breach("an answer repeats its request's numbers", f"nothing asked for {answer}")
            pairs.append((heard[at], answer))
            at += 1
        return pairs

    def _pair(self, request: Frame, answer: Frame) -> Pair:
        try:
            code = read_answer(answer.opcode, answer.body).answer
        except WireError as error:
            raise Breach("answers decode", f"{error}: {answer}") from None
        if request.opcode == HELLO:
            return self._hello(request, answer, code)
        if code is Answer.NOT_AUTHENTICATED or request.version != VERSION:
            return Pair(request, answer, code, True)
        talk = self._talk(request, answer, code)
        if code in _OUT_OF_ORDER:
            return Pair(request, answer, code, True)
        return self._in_session(talk, request, answer, code)

    def _hello(self, request: Frame, answer: Frame, code: Answer) -> Pair:
        if code is Answer.OK:
            hello, said = decode(Hello, request.body), read_answer(HELLO, answer.body).body
            if hello.role not in (Role.PATIENT, Role.CLINICIAN, Role.SERVICE) or request.session or request.sequence:
                raise Breach("only a right HELLO opens a session", f"{request}")
            self._sessions.setdefault(said.session, _Conversation(hello.role, self._proved(hello, request.body, said)))
            if not self._keys:
                self._newest = max(self._newest, said.session)
        return Pair(request, answer, code, True)

    def _proved(self, hello: Hello, body: bytes, answer: HelloAnswer) -> SessionKeys | None:
        """The keys of the session that a HELLO opens. Raises Breach for a key that is not there, or a proof that is none."""
        if not self._keys:
            return None
        key, said = self._keys.get(hello.key_id), transcript(body, answer)
        if key is None or key.role != hello.role or answer.proof != proof_of(key.secret, said):
            raise Breach("a session needs a key of its role, and the pump proves it", f"{hello} was answered {answer}")
        return session_keys(key.secret, said, answer.serial)

    def _talk(self, request: Frame, answer: Frame, code: Answer) -> _Conversation:
        """The session of a request that was admitted. Raises Breach if it is not open, or a MAC is wrong."""
        talk = self._sessions.get(request.session)
        if talk is None or request.session < self._newest:
            raise Breach("nothing is done without a session", f"{request} was answered {code.name}")
        if request.mac != (b"" if talk.keys is None else talk.keys.mac(request)):
            raise Breach("nothing is done without the right MAC", f"{request} was answered {code.name}")
        if answer.mac != (b"" if talk.keys is None else talk.keys.mac(answer)):
            raise Breach("answers carry the right MAC", f"{answer}")
        self._newest = request.session
        return talk

    def _in_session(self, talk: _Conversation, request: Frame, answer: Frame, code: Answer) -> Pair:
        if request.sequence == talk.sequence and talk.answer:
            if (request.opcode, request.body) != talk.request or answer.body != talk.answer:
                raise Breach("a used number does nothing new", f"{request} was answered {code.name}")
            return Pair(request, answer, code, True)
        if request.sequence != talk.sequence + 1:
            raise Breach("sequence numbers rise by one", f"after {talk.sequence}: {request} was answered {code.name}")
        talk.sequence, talk.request, talk.answer = request.sequence, (request.opcode, request.body), answer.body
        self._check_role(talk.role, request, code)
        return Pair(request, answer, code, not self._fresh(request, code))

    def _check_role(self, role: int, request: Frame, code: Answer) -> None:
        spec = SPECS.get(request.opcode)
        if code is Answer.OK and (spec is None or role not in spec.roles):
            raise Breach("a role may only what the table says", f"role {role}: {request} was answered OK")

    def _fresh(self, request: Frame, code: Answer) -> bool:
        """Count what was granted; False where an id was used before, and the answer is the one of then."""
        spec = SPECS.get(request.opcode)
        if spec is None or spec.opcode == CLOSE:
            return True
        number = 0
        if spec.command and code in (Answer.OK, Answer.REFUSED, Answer.BUSY) and _has_body_of(spec, request):
            number = int.from_bytes(request.body[:4], "little")
            if number in self._ids:
                return False
            self._ids.add(number)
        if code is Answer.OK and spec.journal:
            self.granted[spec.opcode, number] += 1
        return True


def _has_body_of(spec: Spec, request: Frame) -> bool:
    """Whether a command's body is well-formed: only then its id is used up."""
    try:
        decode(spec.request, request.body)
    except WireError:
        return False
    return True
