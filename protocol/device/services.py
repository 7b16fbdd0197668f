"""What the pump does for each request inside a session: the request table of the device role.

Every request ends in exactly one answer body. What the app raises becomes BUSY or REFUSED here and nowhere else; a power cut,
which is no `Exception`, passes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

from protocol import messages as m
from protocol.answers import failed, heard_at, of_exception, ok, part_answer
from protocol.app import BusyUntil, DeviceApp, Refused
from protocol.codec import decode, encode
from protocol.codes import AlarmClass, Answer, LogRing, Role, Unit
from protocol.command import Command, command_of
from protocol.device.admission import Admission
from protocol.device.ledger import Ledger
from protocol.device.raw_memory import RAW_MEMORY, REGIONS, Peek, PeekAnswer, Poke
from protocol.device.session import Session
from protocol.device.staging import Staging, cut_part
from protocol.errors import WrongLength
from protocol.framing import Frame
from protocol.keys import KEY_SLOTS, Key
from protocol.limits import CHUNK_BYTES_MAX, LOG_RECORDS_MAX, OVERRIDES_MAX, TOKEN_US
from protocol.mac import masked
from protocol.message_table import INTERROGATE_PARTS, Edition, Spec
from protocol.refusals import Field, RefusalCode

__all__ = ["Services"]

_OWN_FIRST, _OWN_END, _COUNTS_FIRST = (m.Status._fields.index(name) for name in ("last_command_id", "alarms", "line_errors"))
_COUNTS_END = _COUNTS_FIRST + 2
"""Where in STATUS stands what the role knows itself: it is put together by places, for it is asked more often than all else."""
_Told = tuple[Any, ...] | bytes
"""What a request is told: the body of an OK answer, or an answer that is bytes already."""


class Services:
    """The request table over one app, one staged update and one ledger. `line_errors` is the role's count, for STATUS."""

    def __init__(self, app: DeviceApp, staging: Staging, line_errors: Callable[[], int], admission: Admission, edition: Edition) -> None:
        self._app = app
        self._staging = staging
        self._line_errors = line_errors
        self._admission = admission
        self._security = admission.security
        self._specs = dict(edition.specs) | ({} if self._security.hides_memory else {spec.opcode: spec for spec in RAW_MEMORY})
        self._ledger = Ledger(app, self._security)
        self._plain: dict[str, Callable[[Session, Any], _Told]] = {
            "CLOSE": lambda _session, body: body,
            "STATUS": self._status,
            "INTERROGATE": self._interrogate,
            "LOG": lambda _session, body: app.read_log(body.first, LOG_RECORDS_MAX, LogRing.EVENTS),
            "FAULT_LOG": lambda _session, body: app.read_log(body.first, LOG_RECORDS_MAX, LogRing.FAULTS),
            "OUTCOME": lambda session, body: self._ledger.outcome(body.command_id, session.programmer_id, session.role),
            "BEGIN": self._begin,
            "PUT": self._put,
            "SEAL": self._seal,
            "READBACK": lambda session, body: staging.readback(session.programmer_id, body.offset),
            "ABORT": self._abort,
            "STOP": lambda _session, _body: m.ModeAnswer(app.stop()),
            "SILENCE": lambda _session, body: m.SilenceAnswer(app.silence(body.cause)),
            "ACK": self._acknowledge,
            "ALARM_TEST": self._alarm_test,
            "SELF_TEST": lambda _session, _body: m.SelfTestAnswer(app.self_test()),
            "SERVICE_RESET": self._service_reset,
            "KEY": self._key,
            "PEEK": self._peek,
            "POKE": self._poke,
        }
        self._acts: dict[str, Callable[[Command, Any], tuple[Any, ...]]] = {
            "COMMIT": self._commit,
            "START": lambda command, body: m.ModeAnswer(app.start(command, self._expected(body.generation))),
            "REFILL": app.refill,
            "SET_CLOCK": lambda command, body: app.set_clock(command, body.clock_us),
        }

    def serve(self, session: Session, frame: Frame) -> bytes:
        """Do what a request asks; returns the answer body."""
        spec = self._specs.get(frame.opcode)
        if spec is None or spec.since > session.minor:
            return self._noted(frame.opcode, 0, failed(Answer.UNSUPPORTED))
        if session.role not in spec.roles:
            return self._noted(frame.opcode, 0, failed(Answer.NOT_AUTHORISED))
        try:
            body = decode(spec.request, frame.body, session.minor)
        except WrongLength as error:
            return self._noted(frame.opcode, 0, _wrong_length(error))
        if spec.command:
            answer = self._command(spec, command_of(body[0], session.programmer_id, spec.opcode, frame.body), body)
            return heard_at(spec.answer, answer, session.minor)
        try:
            told = self._plain[spec.name](session, body)
            answer = told if isinstance(told, bytes) else ok(told, session.minor)
        except (Refused, BusyUntil) as error:
            answer = of_exception(error)
        return self._noted(spec.opcode, 0, answer, spec.journal)

    def _command(self, spec: Spec, command: Command, body: Any) -> bytes:
        """Carry a command out unless its id was seen; an answer from the table is neither executed nor noted again."""
        again = self._ledger.again(command)
        if again is not None:
            return again
        answer = self._ledger.fault(command) or self._perform(spec, command, body)
        return self._noted(spec.opcode, command.command_id, answer, spec.journal)

    def _perform(self, spec: Spec, command: Command, body: Any) -> bytes:
        """Use the id up. A dose begins after its entry is written, everything else before: see `protocol.app`.

        The entry keeps every field of the answer, for who asks again may do so in another minor version.
        """
        try:
            answer = ok(self._app.check_dose(spec.name, body) if spec.dose else self._acts[spec.name](command, body))
        except (Refused, BusyUntil) as error:
            answer = of_exception(error)
        self._ledger.record(command, spec.opcode, answer)
        if spec.dose and answer[0] == Answer.OK:
            self._app.dose(command, spec.name, body)
        return answer

    def _noted(self, opcode: int, command_id: int, answer: bytes, journal: bool = False) -> bytes:
        """Tell the pump's journal of a refusal, or of a success that it keeps."""
        if answer[0] or journal:
            code = Answer(answer[0])
            refusal = decode(m.Refusal, answer[1:]) if code is Answer.REFUSED else None
            self._app.note(opcode, command_id, code, refusal)
        return answer

    def _status(self, _session: Session, _body: Any) -> m.Status:
        told, last, staging = self._app.status(), self._ledger.last(), self._staging
        own = (last.command_id, last.state, staging.state, staging.owner, staging.until_us)
        counts = (self._line_errors(), self._admission.turned_away)
        values = (*told[:_OWN_FIRST], *own, *told[_OWN_END:_COUNTS_FIRST], *counts, *told[_COUNTS_END:])
        return tuple.__new__(type(told), values)

    def _interrogate(self, session: Session, body: m.Interrogate) -> bytes:
        part = body.part
        if part >= len(INTERROGATE_PARTS):
            raise _refusal(RefusalCode.UNKNOWN_PART, Field.PART, part, len(INTERROGATE_PARTS) - 1)
        if not session.may_ask(part):
            return failed(Answer.NOT_AUTHORISED)
        told = self._part(part, body.offset)
        last = not isinstance(told, m.TherapyPart) or told.offset + len(told.data) == told.total
        if last and session.complete(part):
            self._app.interrogated()
        return part_answer(part, told, session.minor)

    def _part(self, part: int, offset: int) -> m.Identity | m.TherapyPart | m.Condition | m.Counters:
        if part == 0:
            return self._app.identity()
        if part == 1:
            generation, therapy = self._app.therapy()
            return cut_part(generation, b"" if therapy is None else encode(therapy), offset)
        if part == 2:
            return self._app.condition()
        last = self._ledger.last()
        return self._app.counters()._replace(
            last_command_id=last.command_id, last_command_state=last.state, last_command_answer=last.answer
        )

    def _begin(self, session: Session, body: m.Begin) -> m.BeginAnswer:
        self._staging.may("BEGIN", session.programmer_id)
        generation, _ = self._app.therapy()
        if self._expected(body.generation) != generation:
            raise _refusal(RefusalCode.GENERATION, Field.GENERATION, body.generation, generation, Unit.COUNT)
        self._app.begin_update(bool(body.interrupt))
        return m.BeginAnswer(self._staging.begin(session.programmer_id, generation, self._app.now_us()))

    def _put(self, session: Session, body: m.Put) -> m.Nothing:
        self._staging.put(session.programmer_id, body)
        return m.Nothing()

    def _seal(self, session: Session, body: m.Seal) -> m.Nothing:
        self._app.check_therapy(self._staging.parse(session.programmer_id, body))
        self._staging.sealed()
        return m.Nothing()

    def _commit(self, command: Command, body: m.Commit) -> m.CommitAnswer:
        if len(body.overrides) > OVERRIDES_MAX:
            raise _refusal(RefusalCode.RANGE, Field.OVERRIDES, len(body.overrides), OVERRIDES_MAX, Unit.COUNT)
        therapy = self._staging.therapy(command.programmer_id, body.digest)
        generation, _ = self._app.therapy()
        if generation != self._expected(self._staging.generation):
            raise _refusal(RefusalCode.GENERATION, Field.GENERATION, self._staging.generation, generation, Unit.COUNT)
        self._app.check_therapy(therapy)
        answer = m.CommitAnswer(*self._app.commit(command, therapy, tuple(token.rule for token in body.overrides)))
        self._staging.drop()
        return answer

    def _abort(self, session: Session, _body: Any) -> m.ModeAnswer:
        self._staging.may("ABORT", session.programmer_id)
        self._app.drop_update(False)
        self._staging.drop()
        return m.ModeAnswer(self._app.status().mode)

    def _acknowledge(self, session: Session, body: m.Cause) -> _Told:
        if session.role is Role.PATIENT and any(
            alarm.cause == body.cause and alarm.alarm_class == AlarmClass.CRITICAL for alarm in self._app.condition().alarms
        ):
            return failed(Answer.NOT_AUTHORISED)
        self._app.acknowledge(body.cause)
        return m.Nothing()

    def _expected(self, generation: int) -> int:
        """The generation that a request expects; a pump that does not check takes any for its own."""
        return generation if self._security.checks_generation else self._app.therapy()[0]

    def _service_reset(self, session: Session, body: m.ServiceReset) -> m.ServiceResetAnswer:
        """The first frame asks for a token, the second brings it: no single frame resets a pump."""
        now_us = self._app.now_us()
        token, until_us = session.token
        if not body.token:
            said = hashlib.sha256(b"service reset %d %d" % (session.number, session.accepted.sequence)).digest()
            session.token = int.from_bytes(said[:8], "little") | 1, now_us + TOKEN_US
            return m.ServiceResetAnswer(*session.token)
        if body.token != token or now_us >= until_us:
            raise _refusal(RefusalCode.TOKEN, Field.TOKEN, 0, 0)
        session.token = 0, 0
        self._app.service_reset()
        return m.ServiceResetAnswer(0, 0)

    def _key(self, session: Session, body: m.KeyChange) -> m.Nothing:
        """Replace one key, while the magnet is still there."""
        if not self._app.magnet():
            raise _refusal(RefusalCode.NO_MAGNET, Field.ROLE, session.role, 0)
        if not 1 <= body.key_id <= KEY_SLOTS:
            raise _refusal(RefusalCode.UNKNOWN_KEY, Field.KEY, body.key_id, KEY_SLOTS, Unit.COUNT)
        if body.role not in (Role.PATIENT, Role.CLINICIAN, Role.SERVICE):
            raise _refusal(RefusalCode.UNKNOWN_ROLE, Field.ROLE, body.role, Role.SERVICE)
        if self._admission.ring.blank and body.role != Role.SERVICE:
            raise _refusal(RefusalCode.UNKNOWN_KEY, Field.ROLE, body.role, Role.SERVICE)  # without it no other could ever be replaced
        if body.key_id in session.slots_set:
            raise _refusal(RefusalCode.UNKNOWN_KEY, Field.KEY, body.key_id, 0, Unit.COUNT)  # a mask hides one key, not two
        session.slots_set |= {body.key_id}
        secret = masked(session.keys, (body.key_id, body.role), body.wrapped)
        self._app.key_set(body.key_id)  # told before it is done: a cut between the two tells too much, never too little
        self._admission.ring.store(Key(body.key_id, Role(body.role), secret))
        self._admission.key_changed(body.key_id)
        return m.Nothing()

    def _peek(self, _session: Session, body: Peek) -> PeekAnswer:
        data = self._app.load(_region(body.region))
        return PeekAnswer(data[body.offset : body.offset + min(body.length, CHUNK_BYTES_MAX)])

    def _poke(self, _session: Session, body: Poke) -> m.Nothing:
        name = _region(body.region)
        size = len(self._app.load(name))
        if body.offset + len(body.data) > size:
            raise _refusal(RefusalCode.LENGTH, Field.LENGTH, body.offset + len(body.data), size, Unit.BYTES)
        self._app.store(name, body.offset, body.data)
        return m.Nothing()

    def _alarm_test(self, _session: Session, _body: Any) -> m.Nothing:
        self._app.alarm_test()
        return m.Nothing()


def _wrong_length(error: WrongLength) -> bytes:
    """The answer to a body that does not decode; requests hold no text, so length is all that can be wrong."""
    return failed(Answer.REFUSED, m.Refusal(RefusalCode.LENGTH, Field.LENGTH, 0, error.got, error.expected, Unit.BYTES))


def _region(number: int) -> str:
    """The region of this number. Raises Refused."""
    if number >= len(REGIONS):
        raise _refusal(RefusalCode.UNKNOWN_PART, Field.PART, number, len(REGIONS) - 1)
    return REGIONS[number]


def _refusal(code: RefusalCode, field: Field, value: int, limit: int, unit: Unit = Unit.NONE) -> Refused:
    return Refused(m.Refusal(code, field, 0, value, limit, unit))
