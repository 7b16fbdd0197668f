"""Rules about therapy: look before programming, read back, respect generations, leave the pump running, hear its alarms."""

from __future__ import annotations

from typing import NamedTuple

from hil.grade.command_rules import refused_for
from hil.grade.conversation import Exchange, Who
from hil.grade.rule import Finding, Recent, Rule, Surroundings
from hil.wording.alarms import alarm_name
from protocol.codes import Answer, Mode, Role
from protocol.limits import SESSION_LIFE_US
from protocol.messages import CommitAnswer, Condition, Identity, Interrogate, ModeAnswer, Put, Status, TherapyPart
from protocol.refusals import RefusalCode

__all__ = ["AcknowledgesAlarms", "ChecksReadBack", "InterrogatesFirst", "LeavesRunning", "RespectsGeneration"]

US_PER_DAY = 86_400_000_000
PARTS = frozenset(("identity and limits", "therapy", "status and alarms"))
_PART_NAMES = ("identity and limits", "therapy", "status and alarms", "counters")
_STATUS = "status"
RUNNING = frozenset((Mode.MINIMUM_RATE, Mode.SIMPLE, Mode.FLEX))


class InterrogatesFirst(Rule):
    """Before BEGIN the host has read limits, therapy and condition; before any other command at least how the pump is."""

    name = "interrogate-first"
    says = "interrogates before it programs"
    exercise = "have the host program a therapy, or give a command"
    mend = "ask INTERROGATE, parts 0 to 2, in the visit in which a therapy is sent, and STATUS before any other command"

    def __init__(self, around: Surroundings) -> None:
        super().__init__(around)
        self._known = Recent[Who, dict[str, int]]()

    def asked(self, exchange: Exchange) -> None:
        who, spec = exchange.who, exchange.spec
        if who is None or spec is None:
            return
        if spec.name == "CLOSE":
            self._known.pop(who, None)
        elif spec.name == "BEGIN":
            missing = sorted(PARTS - self._fresh(who, exchange.request.at_us))
            self.judge(not missing, f"{spec.name} without having read {', '.join(missing)}", exchange)
        elif spec.command and spec.name != "COMMIT":
            looked = {_STATUS, "status and alarms", "counters"} & self._fresh(who, exchange.request.at_us)
            self.judge(bool(looked), f"{spec.name} without having read STATUS or interrogated", exchange)

    def answered(self, exchange: Exchange) -> None:
        who = exchange.who
        if who is None or exchange.told is not Answer.OK:
            return
        known = self._known.setdefault(who, {})
        if exchange.name == "STATUS":
            known[_STATUS] = exchange.request.at_us
        elif isinstance(exchange.body, Interrogate) and exchange.body.part < len(_PART_NAMES):
            known[_PART_NAMES[exchange.body.part]] = exchange.request.at_us

    def _fresh(self, who: Who, now_us: int) -> set[str]:
        """What was read within the life of a session; it may have been another session, if that was lost."""
        return {part for part, at_us in self._known.get(who, {}).items() if now_us - at_us <= SESSION_LIFE_US}


class _Staged:
    """An update as its host's end of the line shows it."""

    def __init__(self) -> None:
        self.image = bytearray()
        self.sealed: Exchange | None = None
        self.read: set[int] = set()
        self.wrong_at: int | None = None
        self.wrong: Exchange | None = None


class ChecksReadBack(Rule):
    """Between SEAL and COMMIT the host reads the whole image back, and commits none that it did not send."""

    name = "check-read-back"
    says = "reads a staged therapy back, and commits it only if it is the one it sent"
    exercise = "have the host program a therapy; a pump that understood another one: --grade-provoke read-back"
    mend = "ask READBACK from offset 0 until all bytes are there, compare each with what was sent, and ABORT where one differs"

    def __init__(self, around: Surroundings) -> None:
        super().__init__(around)
        self._staged = Recent[Who, _Staged]()

    def asked(self, exchange: Exchange) -> None:
        who = exchange.who
        staged = None if who is None else self._staged.get(who)
        if who is None or staged is None:
            return
        if exchange.name == "COMMIT" and staged.sealed is not None:
            del self._staged[who]
            self._judge_commit(staged, staged.sealed, exchange)
        elif exchange.name == "ABORT" and staged.wrong_at is not None:
            del self._staged[who]
            self.kept += 1

    def answered(self, exchange: Exchange) -> None:
        who = exchange.who
        if who is None or exchange.told is not Answer.OK:
            return
        if exchange.name == "BEGIN":
            self._staged[who] = _Staged()
        staged = self._staged.get(who)
        if staged is None:
            return
        if isinstance(exchange.body, Put):
            offset, data = exchange.body
            staged.image[offset : offset + len(data)] = data
            staged.sealed, staged.read = None, set()
        elif exchange.name == "SEAL":
            staged.sealed = exchange
        elif exchange.name == "READBACK" and isinstance(exchange.answer_body, TherapyPart):
            self._compare(staged, exchange, exchange.answer_body)

    @staticmethod
    def _compare(staged: _Staged, exchange: Exchange, part: TherapyPart) -> None:
        sent = staged.image[part.offset : part.offset + len(part.data)]
        staged.read |= set(range(part.offset, part.offset + len(part.data)))
        if sent != part.data and staged.wrong_at is None:
            pairs = zip(sent.ljust(len(part.data), b"\0"), part.data, strict=False)
            staged.wrong_at = part.offset + next((place for place, (one, other) in enumerate(pairs) if one != other), len(sent))
            staged.wrong = exchange

    def _judge_commit(self, staged: _Staged, sealed: Exchange, commit: Exchange) -> None:
        total = len(staged.image)
        read = len(staged.read & set(range(total)))
        if staged.wrong is not None:
            self.judge(False, f"COMMIT though the read-back differed at byte {staged.wrong_at}", staged.wrong, commit)
        else:
            self.judge(read == total, f"COMMIT after {read} of {total} bytes were read back", sealed, commit)


class RespectsGeneration(Rule):
    """After a refusal for the generation, somebody else has changed the therapy: the host reads it before it tries again."""

    name = "respect-generation"
    says = "reads the therapy again after a refusal because of its generation"
    exercise = "let another programmer commit between reading and BEGIN: --grade-provoke generation"
    mend = "ask INTERROGATE part 1, show what is in force now, and let a person decide"

    def __init__(self, around: Surroundings) -> None:
        super().__init__(around)
        self._refused = Recent[Who, Exchange]()

    def asked(self, exchange: Exchange) -> None:
        who = exchange.who
        if who is not None and exchange.name in ("BEGIN", "START") and (refused := self._refused.pop(who, None)) is not None:
            self.judge(False, f"{exchange.name} again without having read the therapy that is in force now", refused, exchange)

    def answered(self, exchange: Exchange) -> None:
        who = exchange.who
        if who is None:
            return
        if refused_for(exchange, RefusalCode.GENERATION):
            self._refused[who] = exchange
        elif exchange.name == "INTERROGATE" and isinstance(exchange.answer_body, TherapyPart) and who in self._refused:
            del self._refused[who]
            self.kept += 1

    def kept_at_end(self) -> int:
        return len(self._refused)


class LeavesRunning(Rule):
    """Whoever stopped the pump starts it again: before the record ends, and within a day."""

    name = "leave-running"
    says = "leaves no pump stopped that it stopped"
    exercise = "have the host send STOP to a running pump, or program one that stops for updates"
    mend = "START the pump, or COMMIT what was begun; where it is meant to stay stopped, declare that: --grade-declare leave-running"

    def __init__(self, around: Surroundings) -> None:
        super().__init__(around)
        self._mode: int | None = None
        self._stops_for_update = False
        self._stopped: Exchange | None = None
        self._blamed = False

    def asked(self, exchange: Exchange) -> None:
        stopped = self._stopped
        if stopped is not None and not self._blamed and exchange.request.at_us - stopped.request.at_us > US_PER_DAY:
            self._blamed = True
            self.judge(False, f"stopped by {stopped.name} and not started for a day", stopped, exchange)

    def answered(self, exchange: Exchange) -> None:
        body = exchange.answer_body
        if isinstance(body, Identity):
            self._stops_for_update = bool(body.stops_for_update)
        elif isinstance(body, Status | Condition):
            self._is(body.mode)
        elif exchange.told is not Answer.OK:
            return
        elif exchange.name == "BEGIN" and self._stops_for_update:
            self._stops(exchange)
        elif isinstance(body, ModeAnswer | CommitAnswer):
            if body.mode not in RUNNING and exchange.name in ("STOP", "COMMIT"):
                self._stops(exchange)
            self._is(body.mode)

    def at_end(self) -> list[Finding]:
        if self._stopped is None or self._blamed:
            return []
        return [Finding(f"stopped by {self._stopped.name} and left so", (self._stopped,))]

    def _stops(self, exchange: Exchange) -> None:
        """Remember who stopped it, unless it stood still before."""
        if self._stopped is None and self._mode in (None, *RUNNING):
            self._stopped, self._blamed = exchange, False

    def _is(self, mode: int) -> None:
        self._mode = mode
        if mode in RUNNING and self._stopped is not None:
            self.kept += not self._blamed
            self._stopped = None


class _Shown(NamedTuple):
    at_us: int
    exchange: Exchange


class AcknowledgesAlarms(Rule):
    """What the pump shows to a clinician's programmer as an alarm is acknowledged before the record ends, or within a day."""

    name = "acknowledge-alarms"
    says = "acknowledges the alarms it was shown"
    exercise = "have an alarm come up: --grade-provoke alarm, or a fault such as battery.premature_eri"
    mend = "show each alarm to a person, and send ACK with its cause when that person has seen it"

    def __init__(self, around: Surroundings) -> None:
        super().__init__(around)
        self._shown = Recent[int, _Shown]()

    def answered(self, exchange: Exchange) -> None:
        body = exchange.answer_body
        if exchange.name == "ACK" and exchange.body and self._is_over(exchange) and exchange.body.cause in self._shown:
            del self._shown[exchange.body.cause]
            self.kept += 1
        role = None if exchange.talk is None else exchange.talk.role
        if role not in (Role.CLINICIAN, None):
            return
        if isinstance(body, Status):
            self._look(exchange, body.alarms & ~body.acknowledged)
        elif isinstance(body, Condition):
            self._look(exchange, sum(1 << alarm.cause for alarm in body.alarms if alarm.active and not alarm.acknowledged))

    def at_end(self) -> list[Finding]:
        return [Finding(f"{alarm_name(cause)} was shown and not acknowledged", (shown.exchange,)) for cause, shown in self._shown.items()]

    @staticmethod
    def _is_over(exchange: Exchange) -> bool:
        return exchange.told is Answer.OK or refused_for(exchange, RefusalCode.NOT_ACTIVE)

    def _look(self, exchange: Exchange, word: int) -> None:
        at_us = exchange.request.at_us
        active = {cause for cause in range(word.bit_length()) if word >> cause & 1}
        for cause in [cause for cause in self._shown if cause not in active]:
            del self._shown[cause]
        for cause in active:
            shown = self._shown.setdefault(cause, _Shown(at_us, exchange))
            if at_us - shown.at_us > US_PER_DAY:
                self.judge(False, f"{alarm_name(cause)} was shown for a day and not acknowledged", shown.exchange, exchange)
                self._shown[cause] = _Shown(at_us, exchange)
