"""What the pump does so that a rule is exercised: it loses answers, resets, or tells what is not so, each once.

It sits between the pump and its port, with the pump's keys, so that a host cannot tell what it made up from what the pump says: an answer
that is changed carries a right MAC, a HELLO's answer a right proof, unless the proof itself is what is spoilt.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from protocol.answers import ok, part_answer
from protocol.codec import decode
from protocol.codes import Answer
from protocol.errors import WireError
from protocol.framing import ANSWER, Bad, Frame, FrameDecoder, decode_frame, encode_frame
from protocol.keys import Key
from protocol.mac import SessionKeys, proof_of, session_keys, transcript
from protocol.message_table import HELLO, INTERROGATE, SPECS
from protocol.messages import Hello, HelloAnswer, Refusal, Status, TherapyPart
from protocol.refusals import RefusalCode

__all__ = ["Provoker"]

ZERO = b"\0"
Act = Callable[[str, Mapping[str, object]], object]


class Provoker:
    """`names` are those of `hil.grade.options.PROVOCATIONS`; `act` does a verb of the bench, `keys` are the pump's."""

    def __init__(self, names: Sequence[str], act: Act, keys: Callable[[], Sequence[Key]]) -> None:
        self.waiting = list(names)
        """What has not struck yet."""
        self._act = act
        self._keys = keys
        self._decoder = FrameDecoder()
        self._hello = b""
        self._bent_hello: dict[bytes, str] = {}
        self._session: SessionKeys | None = None
        self._minor = 0
        self._command: tuple[int, int] | None = None
        self._silent: tuple[int, int] | None = None
        self._lying = False

    def coming(self, data: bytes) -> None:
        """Bytes from the host are about to reach the pump."""
        for item in self._decoder.feed(data):
            if isinstance(item, Frame) and item.flags != ANSWER:
                self._asked(item)

    def leaving(self, data: bytes) -> bytes:
        """What the host gets in the place of these bytes."""
        *runs, rest = data.split(ZERO)
        return b"".join(self._or_as_it_is(run + ZERO) for run in runs) + rest

    def _or_as_it_is(self, run: bytes) -> bytes:
        try:
            return self._bent(run)
        except WireError:  # a fault of the line has made something else of it
            return run

    def _asked(self, frame: Frame) -> None:
        spec = SPECS.get(frame.opcode)
        if frame.opcode == HELLO and frame.body != self._hello:
            self._hello = frame.body
            if self._strikes("busy"):
                self._act("reset", {})
            if self._strikes("alarm"):
                self._act("inject", {"fault": "battery.premature_eri"})
            self._lying = self._lying or self._strikes("generation")
        elif spec is not None and spec.command and self._command != (frame.session, frame.sequence):
            self._command = frame.session, frame.sequence
            if "lost" not in self.waiting and self._strikes("silence"):
                self._silent = self._command

    def _bent(self, run: bytes) -> bytes:
        frame = decode_frame(run.removesuffix(ZERO))
        if isinstance(frame, Bad) or frame.flags != ANSWER or not frame.body:
            return run
        place = frame.session, frame.sequence
        if place == self._silent or (place == self._command and self._strikes("lost")):
            return b""
        if frame.body[0] == Answer.REFUSED and self._lying:
            refusal = decode(Refusal, frame.body[1:])
            self._lying = refusal.code != RefusalCode.GENERATION
        if frame.body[0] != Answer.OK:
            return run
        if frame.opcode == HELLO:
            return self._bent_greeting(frame, run)
        body = self._bent_body(frame)
        return run if body is None else self._signed(frame, body)

    def _bent_body(self, frame: Frame) -> bytes | None:
        """Another body for an OK answer, None to leave it."""
        name = SPECS[frame.opcode].name if frame.opcode in SPECS else ""
        if self._lying and name == "STATUS":
            status = decode(Status, frame.body[1:], self._minor)
            return ok(status._replace(generation=status.generation + 1), self._minor)
        if self._lying and frame.opcode == INTERROGATE and frame.body[1:2] == b"\1":
            part = decode(TherapyPart, frame.body[2:], self._minor)
            return part_answer(1, part._replace(generation=part.generation + 1), self._minor)
        if name == "READBACK" and len(frame.body) > 1 and self._strikes("read-back"):
            return frame.body[:-1] + bytes((frame.body[-1] ^ 1,))
        return None

    def _bent_greeting(self, frame: Frame, run: bytes) -> bytes:
        """The answer to a HELLO; the very same HELLO is told the very same again."""
        answer = decode(HelloAnswer, frame.body[1:])
        hello = decode(Hello, self._hello)
        secret = next((key.secret for key in self._keys() if key.key_id == hello.key_id), None)
        self._minor = min(hello.minor, answer.minor)
        self._session = None if secret is None else session_keys(secret, transcript(self._hello, answer), answer.serial)
        how = self._bent_hello.get(self._hello) or next((name for name in ("version", "proof") if self._strikes(name)), "")
        self._bent_hello = {self._hello: how}
        if how == "version":
            answer = answer._replace(major=answer.major + 1)
            if secret is not None:
                answer = answer._replace(proof=proof_of(secret, transcript(self._hello, answer)))
        elif how == "proof":
            answer = answer._replace(proof=bytes((answer.proof[0] ^ 1,)) + answer.proof[1:])
        return encode_frame(frame._replace(body=ok(answer, 0))) if how else run

    def _signed(self, frame: Frame, body: bytes) -> bytes:
        changed: Any = frame._replace(body=body, mac=b"")
        return encode_frame(self._session.signed(changed) if self._session is not None and frame.mac else changed)

    def _strikes(self, name: str) -> bool:
        """Whether it is its turn, which it is once."""
        if name not in self.waiting:
            return False
        self.waiting.remove(name)
        return True
