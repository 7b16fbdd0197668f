"""What the pump does for each request inside a session: the request table of the device role.

Every request ends in exactly one answer body. What the app raises becomes BUSY or REFUSED here and nowhere else; a power cut,
which is no `Exception`, passes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from protocol import messages as m
from protocol.answers import failed, of_exception, ok, part_answer
from protocol.app import BusyUntil, DeviceApp, Refused
from protocol.codec import decode, encode
from protocol.codes import AlarmClass, Answer, LogRing, Role, Unit
from protocol.command import Command, command_of
from protocol.errors import WrongLength
from protocol.framing import Frame
from protocol.ledger import Ledger
from protocol.limits import LOG_RECORDS_MAX, OVERRIDES_MAX
from protocol.message_table import INTERROGATE_PARTS, SPECS, Spec
from protocol.refusals import Field, RefusalCode
from protocol.session import Session
from protocol.staging import Staging, cut_part

__all__ = ["Services"]


class Services:
    """The request table over one app, one staged update and one ledger. `line_errors` is the role's count, for STATUS."""

    def __init__(self, app: DeviceApp, staging: Staging, line_errors: Callable[[], int]) -> None:
        self._app = app
        self._staging = staging
        self._line_errors = line_errors
        self._ledger = Ledger(app)
        self._plain: dict[str, Callable[[Session, Any], bytes]] = {
            "CLOSE": lambda _session, body: ok(body),
            "STATUS": self._status,
            "INTERROGATE": self._interrogate,
            "LOG": lambda _session, body: ok(app.read_log(body.first, LOG_RECORDS_MAX, LogRing.EVENTS)),
            "FAULT_LOG": lambda _session, body: ok(app.read_log(body.first, LOG_RECORDS_MAX, LogRing.FAULTS)),
            "OUTCOME": lambda session, body: self._ledger.outcome(body.command_id, session.programmer_id, session.role),
            "BEGIN": self._begin,
            "PUT": self._put,
            "SEAL": self._seal,
            "READBACK": lambda session, body: ok(staging.readback(session.programmer_id, body.offset)),
            "ABORT": self._abort,
            "STOP": lambda _session, _body: ok(m.ModeAnswer(app.stop())),
            "SILENCE": lambda _session, body: ok(m.SilenceAnswer(app.silence(body.cause))),
            "ACK": self._acknowledge,
            "ALARM_TEST": self._alarm_test,
        }
        self._acts: dict[str, Callable[[Command, Any], tuple[Any, ...]]] = {
            "COMMIT": self._commit,
            "START": lambda command, body: m.ModeAnswer(app.start(command, body.generation)),
            "REFILL": app.refill,
            "SET_CLOCK": lambda command, body: app.set_clock(command, body.clock_us),
        }

    def serve(self, session: Session, frame: Frame) -> bytes:
        """Do what a request asks; returns the answer body."""
        spec = SPECS.get(frame.opcode)
        if spec is None:
            return self._noted(frame.opcode, 0, failed(Answer.UNSUPPORTED))
        if session.role not in spec.roles:
            return self._noted(frame.opcode, 0, failed(Answer.NOT_AUTHORISED))
        try:
            body = decode(spec.request, frame.body)
        except WrongLength as error:
            return self._noted(frame.opcode, 0, _wrong_length(error))
        if spec.command:
            return self._command(spec, command_of(body[0], session.programmer_id, spec.opcode, frame.body), body)
        try:
            answer = self._plain[spec.name](session, body)
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
        """Use the id up. A dose begins after its entry is written, everything else before: see `protocol.app`."""
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

    def _status(self, _session: Session, _body: Any) -> bytes:
        last = self._ledger.last()
        staging = self._staging
        return ok(
            self._app.status()._replace(
                last_command_id=last.command_id,
                last_command_state=last.state,
                staging=staging.state,
                staging_owner=staging.owner,
                staging_until_us=staging.until_us,
                line_errors=self._line_errors(),
            )
        )

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
        return part_answer(part, told)

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

    def _begin(self, session: Session, body: m.Begin) -> bytes:
        self._staging.may("BEGIN", session.programmer_id)
        generation, _ = self._app.therapy()
        if body.generation != generation:
            raise _refusal(RefusalCode.GENERATION, Field.GENERATION, body.generation, generation, Unit.COUNT)
        self._app.begin_update(bool(body.interrupt))
        return ok(m.BeginAnswer(self._staging.begin(session.programmer_id, generation, self._app.now_us())))

    def _put(self, session: Session, body: m.Put) -> bytes:
        self._staging.put(session.programmer_id, body)
        return ok(m.Nothing())

    def _seal(self, session: Session, body: m.Seal) -> bytes:
        self._app.check_therapy(self._staging.parse(session.programmer_id, body))
        self._staging.sealed()
        return ok(m.Nothing())

    def _commit(self, command: Command, body: m.Commit) -> m.CommitAnswer:
        if len(body.overrides) > OVERRIDES_MAX:
            raise _refusal(RefusalCode.RANGE, Field.OVERRIDES, len(body.overrides), OVERRIDES_MAX, Unit.COUNT)
        therapy = self._staging.therapy(command.programmer_id, body.digest)
        generation, _ = self._app.therapy()
        if generation != self._staging.generation:
            raise _refusal(RefusalCode.GENERATION, Field.GENERATION, self._staging.generation, generation, Unit.COUNT)
        self._app.check_therapy(therapy)
        answer = m.CommitAnswer(*self._app.commit(command, therapy, tuple(token.rule for token in body.overrides)))
        self._staging.drop()
        return answer

    def _abort(self, session: Session, _body: Any) -> bytes:
        self._staging.may("ABORT", session.programmer_id)
        self._app.drop_update(False)
        self._staging.drop()
        return ok(m.ModeAnswer(self._app.status().mode))

    def _acknowledge(self, session: Session, body: m.Cause) -> bytes:
        if session.role is Role.PATIENT and any(
            alarm.cause == body.cause and alarm.alarm_class == AlarmClass.CRITICAL for alarm in self._app.condition().alarms
        ):
            return failed(Answer.NOT_AUTHORISED)
        self._app.acknowledge(body.cause)
        return ok(m.Nothing())

    def _alarm_test(self, _session: Session, _body: Any) -> bytes:
        self._app.alarm_test()
        return ok(m.Nothing())


def _wrong_length(error: WrongLength) -> bytes:
    """The answer to a body that does not decode; requests hold no text, so length is all that can be wrong."""
    return failed(Answer.REFUSED, m.Refusal(RefusalCode.LENGTH, Field.LENGTH, 0, error.got, error.expected, Unit.BYTES))


def _refusal(code: RefusalCode, field: Field, value: int, limit: int, unit: Unit = Unit.NONE) -> Refused:
    return Refused(m.Refusal(code, field, 0, value, limit, unit))
